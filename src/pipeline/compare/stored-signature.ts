import { PIECE_SIZE } from '../../archive/difftar.ts';
import { HEADER_BYTES, SIGNATURE_MAGIC, SignatureBuilder, STRONG_BYTES } from '../../rsync/signature.ts';
import { type Signature, SignatureLoader } from '../../rsync/signature-loader.ts';
import type { Soon } from '../../util/soon.ts';
import type { SourceContent } from '../pack/source-content.ts';

/** Gives a stored signature block by block, perhaps in memory that is filled again. */
type Blocks = () => Soon<Buffer | undefined>;

/** Pieces of a file after which others get their turn: 4 MiB, some milliseconds. */
const STRIDE = 64;

/** For a delta. */
export async function loadSignature(from: Buffer | Blocks): Promise<Signature> {
  const loader = new SignatureLoader();
  if (typeof from !== 'function') {
    loader.push(from);
    return loader.finish();
  }
  for (;;) {
    let block = from();
    if (block instanceof Promise) block = await block;
    if (block === undefined) return loader.finish();
    loader.push(block);
  }
}

/** Its bytes, in memory of their own. */
export async function readSignature(from: Blocks): Promise<Buffer> {
  const blocks: Buffer[] = [];
  for (;;) {
    let block = from();
    if (block instanceof Promise) block = await block;
    if (block === undefined) return Buffer.concat(blocks);
    blocks.push(Buffer.from(block));
  }
}

/**
 * Whether the content has this signature. It is read as far as they agree; after a read error the answer means nothing.
 * `pause` lets others run.
 */
export async function hasSignature(
  content: SourceContent,
  signature: Buffer,
  pause: () => Promise<void>,
): Promise<boolean> {
  const length = blockLengthOf(signature);
  if (length === undefined) return false;
  const builder = new SignatureBuilder(length);
  content.leaveSigningTo(builder);
  const buffer = Buffer.allocUnsafeSlow(PIECE_SIZE);
  let at = 0;
  for (let step = 1; ; step++) {
    const filled = content.fill(buffer);
    builder.update(buffer.subarray(0, filled));
    const isLast = filled < buffer.length;
    for (const piece of isLast ? builder.finish() : builder.takeSignature()) {
      if (!signature.subarray(at, at + piece.length).equals(piece)) return false;
      at += piece.length;
    }
    if (isLast) return at === signature.length;
    if (step % STRIDE === 0) await pause();
  }
}

/** Bytes per block; undefined when it is no signature such as backups store, which a delta has to deal with. */
function blockLengthOf(signature: Buffer): number | undefined {
  if (signature.length < HEADER_BYTES) return undefined;
  const length = signature.readUInt32BE(4);
  const isUsual = signature.readUInt32BE(0) === SIGNATURE_MAGIC && signature.readUInt32BE(8) === STRONG_BYTES;
  return isUsual && length > 0 ? length : undefined;
}
