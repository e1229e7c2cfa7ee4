import type { ByteRange } from '../../../events/verdict.ts';
import type { Scratch } from '../../../pipeline/unpack/scratch.ts';
import { HEADER_BYTES, SIGNATURE_MAGIC, signatureOf, STRONG_BYTES } from '../../../rsync/signature.ts';
import type { Soon } from '../../../util/soon.ts';
import { ByteRanges } from './byte-ranges.ts';
import { areAll } from './patchwork.ts';

const ENTRY_BYTES = 4 + STRONG_BYTES;

export interface Fitting {
  /** Blocks that the signature knows. */
  readonly ranges: readonly ByteRange[];
  /** All of the content is known, and it is all there is. */
  readonly isWhole: boolean;
}

const NOTHING: Fitting = { ranges: [], isWhole: false };

/** Which bytes of a content are as the signature that comes in blocks tells; undefined: it is no signature. */
export async function fittingRanges(content: Scratch, blocks: () => Soon<Buffer | undefined>): Promise<Fitting> {
  let held = Buffer.alloc(0);
  async function take(size: number): Promise<Buffer | undefined> {
    while (held.length < size) {
      const block = await blocks();
      if (block === undefined) return undefined;
      held = Buffer.concat([held, block]);
    }
    const taken = held.subarray(0, size);
    held = held.subarray(size);
    return taken;
  }
  const header = await take(HEADER_BYTES);
  if (header?.readUInt32BE(0) !== SIGNATURE_MAGIC || header.readUInt32BE(8) !== STRONG_BYTES) return NOTHING;
  const blockLength = header.readUInt32BE(4);
  if (blockLength === 0) return NOTHING;
  const ranges = new ByteRanges();
  const buffer = Buffer.allocUnsafeSlow(Math.min(blockLength, Math.max(1, content.size)));
  let count = 0;
  for (let entry = await take(ENTRY_BYTES); entry !== undefined; entry = await take(ENTRY_BYTES)) {
    const from = count++ * blockLength;
    const length = readFully(content, buffer, from);
    const made = signatureOf(buffer.subarray(0, length), blockLength).subarray(HEADER_BYTES);
    if (length > 0 && made.equals(entry)) ranges.add(from, from + length);
  }
  const isWhole = areAll(ranges.all, content.size) && Math.ceil(content.size / blockLength) === count;
  return { ranges: ranges.all, isWhole };
}

function readFully(content: Scratch, into: Buffer, position: number): number {
  let at = 0;
  for (let read = -1; at < into.length && read !== 0; at += read) read = content.read(into.subarray(at), position + at);
  return at;
}
