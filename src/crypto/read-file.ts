import { closeSync, fstatSync, openSync, read } from 'node:fs';
import { localFailure } from './local-failure.ts';

/** Large enough that the cost of a call vanishes (performance notes: 1 MiB reads gain little over this). */
const BLOCK_BYTES = 256 * 1024;

export function openForReading(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    throw localFailure('read', path, error);
  }
}

/** The bytes of a local file, in blocks of 256 KiB that belong to the receiver. */
export async function* fileBlocks(path: string, signal: AbortSignal): AsyncGenerator<Buffer> {
  const fd = openForReading(path);
  try {
    let left = fstatSync(fd).size;
    for (;;) {
      signal.throwIfAborted();
      // One byte past the known end tells the end without a second large buffer, even for a file that has grown.
      const buffer = Buffer.allocUnsafeSlow(Math.min(BLOCK_BYTES, Math.max(left, 0) + 1));
      const length = await readInto(fd, buffer, path);
      if (length === 0) return;
      left -= length;
      yield length === buffer.length ? buffer : buffer.subarray(0, length);
    }
  } finally {
    closeSync(fd);
  }
}

function readInto(fd: number, buffer: Buffer, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    read(fd, buffer, 0, buffer.length, null, (error, length) => {
      if (error) reject(localFailure('read', path, error));
      else resolve(length);
    });
  });
}
