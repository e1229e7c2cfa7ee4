import { createHash } from 'node:crypto';

import type { Bytes } from '../backend.ts';

interface Run {
  readonly source: AsyncIterator<Buffer>;
  position: number;
  rest: Buffer;
  isBusy: boolean;
}

export interface PartReader extends AsyncDisposable {
  /** The bytes from `start` on, `size` of them. */
  at(start: number, size: number): Bytes;
}

/**
 * Hands a body out in parts. One after another they cost one reading; a part that is asked for again, or after one that
 * was not read to its end, costs reading the body up to it once more.
 */
export function partReader(open: () => Bytes): PartReader {
  let run: Run | undefined;

  async function* at(start: number, size: number): AsyncGenerator<Buffer> {
    if (run === undefined || run.isBusy || run.position !== start) {
      await run?.source.return?.();
      run = { source: open()[Symbol.asyncIterator](), position: 0, rest: Buffer.alloc(0), isBusy: true };
      while (run.position < start && (await hasMore(run))) take(run, start - run.position);
    }
    const mine = run;
    mine.isBusy = true;
    for (let left = size; left > 0 && (await hasMore(mine));) {
      const part = take(mine, left);
      left -= part.length;
      if (left === 0) mine.isBusy = false;
      yield part;
    }
  }

  return {
    at,
    async [Symbol.asyncDispose]() {
      await run?.source.return?.();
    },
  };
}

async function hasMore(run: Run): Promise<boolean> {
  while (run.rest.length === 0) {
    const next = await run.source.next();
    if (next.done === true) return false;
    run.rest = next.value;
  }
  return true;
}

function take(run: Run, most: number): Buffer {
  const part = run.rest.subarray(0, most);
  run.rest = run.rest.subarray(part.length);
  run.position += part.length;
  return part;
}

/** Length of a SHA-1 in hexadecimal digits. */
export const DIGEST_SIZE = 40;

/** The bytes and, behind them, their SHA-1 in hexadecimal digits, which is also told. */
export async function* withDigest(bytes: Bytes, tell: (sha1: string) => void): Bytes {
  const hash = createHash('sha1');
  for await (const block of bytes) {
    hash.update(block);
    yield block;
  }
  const sha1 = hash.digest('hex');
  tell(sha1);
  yield Buffer.from(sha1);
}

export async function digestOf(bytes: Bytes): Promise<string> {
  const hash = createHash('sha1');
  for await (const block of bytes) hash.update(block);
  return hash.digest('hex');
}

/** What an answer tells of its file: a large one has the digest that its uploader told, if any. */
export function digestIn(headers: Readonly<Record<string, string | string[] | undefined>>): string | undefined {
  const told = [headers['x-bz-content-sha1'], headers['x-bz-info-large_file_sha1']];
  return told.find((text): text is string => typeof text === 'string' && /^[0-9a-f]{40}$/.test(text));
}
