import { HEADER_BYTES } from './signature.ts';

/** Bytes that something has, as far as is known: never fewer than `least`, never more than `most`. */
export interface SizeRange {
  readonly least: number;
  readonly most: number;
}

const WEAK_BYTES = 4;

/**
 * What a signature tells of the size of its content: how many blocks there are, of which the last may be shorter. Takes its
 * beginning, of which the header is enough, and its whole length. undefined: it is none.
 */
export function signedSize(beginning: Buffer, length: number): SizeRange | undefined {
  if (beginning.length < HEADER_BYTES) return undefined;
  const blockLength = beginning.readUInt32BE(4);
  const blocks = (length - HEADER_BYTES) / (WEAK_BYTES + beginning.readUInt32BE(8));
  if (blockLength === 0 || !Number.isInteger(blocks)) return undefined;
  return { least: blocks === 0 ? 0 : (blocks - 1) * blockLength + 1, most: blocks * blockLength };
}
