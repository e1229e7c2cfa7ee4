import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { localFailure } from './local-failure.ts';
import { turnTaker } from './turn.ts';

/** Large enough that the cost of a call vanishes (performance notes: 1 MiB reads gain little over this). */
const BLOCK_BYTES = 256 * 1024;

export function openForReading(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    throw localFailure('read', path, error);
  }
}

export interface BlockOptions {
  /** Each block is valid only until the next one is asked for: its memory is filled again. */
  readonly reuses?: boolean;
  readonly signal: AbortSignal;
}

/**
 * The bytes of a local file, in blocks of 256 KiB that belong to the receiver unless memory is reused. Read on this
 * thread: handing each block to libuv's pool and back costs four times as much as reading it.
 */
export async function* fileBlocks(path: string, { signal, reuses = false }: BlockOptions): AsyncGenerator<Buffer> {
  const turn = turnTaker();
  const fd = openForReading(path);
  try {
    let left = fstatSync(fd).size;
    let buffer: Buffer | undefined;
    for (;;) {
      signal.throwIfAborted();
      // One byte past the known end tells the end without a second large buffer, even for a file that has grown.
      if (!reuses || buffer === undefined) {
        buffer = Buffer.allocUnsafeSlow(Math.min(BLOCK_BYTES, Math.max(left, 0) + 1));
      }
      const length = readInto(fd, buffer, path);
      if (length === 0) return;
      left -= length;
      yield length === buffer.length ? buffer : buffer.subarray(0, length);
      await turn(length);
    }
  } finally {
    closeSync(fd);
  }
}

function readInto(fd: number, buffer: Buffer, path: string): number {
  try {
    return readSync(fd, buffer);
  } catch (error) {
    throw localFailure('read', path, error);
  }
}
