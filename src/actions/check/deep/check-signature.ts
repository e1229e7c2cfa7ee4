import type { Basis } from '../../../rsync/patch.ts';
import { HEADER_BYTES, SIGNATURE_MAGIC, SignatureBuilder, STRONG_BYTES } from '../../../rsync/signature.ts';
import type { Soon } from '../../../util/soon.ts';

const BLOCK = 256 * 1024;

/** Whether a content has the signature that comes in blocks. Memory does not depend on the size of either. */
export async function fitsSignature(content: Basis, blocks: () => Soon<Buffer | undefined>): Promise<boolean> {
  const stored = new Puller(blocks);
  const header = await stored.take(HEADER_BYTES);
  if (header.length < HEADER_BYTES || header.readUInt32BE(0) !== SIGNATURE_MAGIC) return false;
  const blockLength = header.readUInt32BE(4);
  if (blockLength === 0 || header.readUInt32BE(8) !== STRONG_BYTES) return false;
  const builder = new SignatureBuilder(blockLength);
  const buffer = Buffer.allocUnsafeSlow(Math.min(BLOCK, Math.max(1, content.size)));
  let skip = HEADER_BYTES;
  for (let at = 0; ;) {
    const length = content.read(buffer, at);
    at += length;
    if (length > 0) builder.update(buffer.subarray(0, length));
    for (const piece of length === 0 ? builder.finish() : builder.takeSignature()) {
      const rest = piece.subarray(skip);
      skip = 0;
      if (!(await stored.take(rest.length)).equals(rest)) return false;
    }
    if (length === 0) return (await stored.take(1)).length === 0;
  }
}

/** Gives so many bytes, fewer at the end. */
class Puller {
  readonly #blocks: () => Soon<Buffer | undefined>;
  #held: Buffer = Buffer.alloc(0);

  constructor(blocks: () => Soon<Buffer | undefined>) {
    this.#blocks = blocks;
  }

  async take(size: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let left = size; left > 0;) {
      if (this.#held.length === 0) {
        const block = await this.#blocks();
        if (block === undefined) break;
        this.#held = block;
      }
      // The block may be filled again when the next one is asked for.
      const part = Buffer.from(this.#held.subarray(0, left));
      this.#held = this.#held.subarray(part.length);
      left -= part.length;
      parts.push(part);
    }
    return parts.length === 1 ? (parts[0] ?? Buffer.alloc(0)) : Buffer.concat(parts);
  }
}
