import { createHash } from 'node:crypto';

import type { Bytes } from '../backend.ts';

/** One run of a body, with the MD5 that the server is to find. */
export interface Segment {
  readonly size: number;
  readonly md5: string;
}

/** Cuts a body of `size` bytes: reads it once and tells the digest of each run of `length` bytes. An empty one has one. */
export async function measure(bytes: Bytes, size: number, length: number): Promise<readonly Segment[]> {
  const segments: Segment[] = [];
  let hash = createHash('md5');
  let held = 0;
  let left = size;
  const close = (): void => {
    segments.push({ size: held, md5: hash.digest('hex') });
    hash = createHash('md5');
    held = 0;
  };
  for await (const block of bytes) {
    for (let at = 0; at < block.length;) {
      const part = block.subarray(at, at + length - held);
      hash.update(part);
      held += part.length;
      left -= part.length;
      at += part.length;
      if (held === length && left > 0) close();
    }
  }
  close();
  return segments;
}

/** Hands the bytes out in runs; each has to be read to its end before the next one. */
export function inRuns(bytes: Bytes): { take(size: number): Bytes; [Symbol.asyncDispose](): Promise<void> } {
  const source = bytes[Symbol.asyncIterator]();
  let rest: Buffer = Buffer.alloc(0);
  async function* take(size: number): AsyncGenerator<Buffer> {
    for (let left = size; left > 0;) {
      if (rest.length === 0) {
        const next = await source.next();
        if (next.done === true) return;
        rest = next.value;
      }
      const part = rest.subarray(0, left);
      rest = rest.subarray(part.length);
      left -= part.length;
      if (part.length > 0) yield part;
    }
  }
  return {
    take,
    async [Symbol.asyncDispose]() {
      await source.return?.();
    },
  };
}
