const SMALLEST = 512;

/**
 * Bytes per block of a new signature, from the size of the file when it was examined. `maxBlockSize` is the user's
 * limit (2048 unless told otherwise) and need not be a multiple of 512.
 * Source: docs/format, signatures; vectors/blocksize.jsonl.
 */
export function blockLength(fileSize: number, maxBlockSize: number): number {
  if (fileSize < 1_024_000) return SMALLEST;
  return Math.min(Math.floor(fileSize / 1_024_000) * SMALLEST, maxBlockSize);
}
