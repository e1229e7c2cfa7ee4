import { createGunzip, type Gunzip } from 'node:zlib';
import { release } from '../../util/release.ts';
import { gathered } from '../gather.ts';
import { expectZeros } from './trailing.ts';

/** The largest that comes from malloc's heap rather than as fresh pages: a quarter cheaper than 64 or 256 KiB. */
const BLOCK_BYTES = 96 * 1024;

/** Decompressed blocks of 64-256 KiB, inflated on libuv's pool; takes the blocks of `source` over. */
export async function* gunzipStream(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: BLOCK_BYTES });
  const fed = feed(source, gunzip).catch((error: unknown) => {
    gunzip.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  try {
    yield* gathered(output(gunzip));
    await fed;
    if (gunzip.errored) throw gunzip.errored;
  } finally {
    gunzip.destroy();
    await fed;
  }
}

/** Not the stream's own iterator: after data that end before the input does, that one waits for writes as well. */
async function* output(gunzip: Gunzip): AsyncGenerator<Buffer> {
  let wake = (): void => {};
  for (const event of ['readable', 'end', 'error', 'close']) gunzip.on(event, () => wake());
  while (!gunzip.readableEnded && !gunzip.destroyed) {
    const block = gunzip.read() as Buffer | null;
    if (block) {
      yield block;
      continue;
    }
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }
  if (gunzip.errored) throw gunzip.errored;
}

/**
 * Not `pipeline`: zlib ends its output at the first zero byte after a member and then never answers the write in which
 * that byte was. The rest has to be looked at here.
 */
async function feed(source: AsyncIterable<Buffer>, gunzip: Gunzip): Promise<void> {
  const isOver = new Promise<void>((resolve) => gunzip.once('end', resolve).once('close', resolve));
  let given = 0;
  for await (const block of source) {
    if (gunzip.destroyed) return;
    if (gunzip.readableEnded) {
      expectZeros(block);
      continue;
    }
    given += block.length;
    await Promise.race([new Promise<void>((resolve) => gunzip.write(block, () => resolve())), isOver]);
    if (gunzip.readableEnded) expectZeros(block.subarray(block.length - (given - gunzip.bytesWritten)));
    else if (!gunzip.destroyed) release(block);
  }
  gunzip.end();
}
