import { crc32 } from 'node:zlib';
import { release } from '../../util/release.ts';
import type { Soon } from '../../util/soon.ts';
import type { Codec, EncodedFile } from '../codec.ts';
import { gatherer, join } from '../gather.ts';
import { fileBlocks } from '../read-file.ts';
import { createSpoolFile } from '../spool-file.ts';
import { deflatePiece, WINDOW_BYTES } from './deflate-piece.ts';
import { gunzipBlocks } from './gunzip.ts';

/** The reference's level: stored archives keep the size people know from it. */
const GZIP_LEVEL = 6;

/** One member, no flags, mtime 0 (so equal data gives equal bytes), unknown system. Source: docs/format/volumes.md. */
const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);

/** Pieces at work at the same time; more would only make the end of a volume less exact. */
const DEPTH = 2;
const SMALLEST_PIECE = 64 * 1024;
/** From 256 KiB on, cutting a stream into pieces costs no measurable CPU time. */
const LARGEST_PIECE = 256 * 1024;

/** Gzip files: `--no-encryption`. `level` is zlib's, 1 to 9. */
export function gzipCodec({ level = GZIP_LEVEL }: { readonly level?: number } = {}): Codec {
  return {
    suffix: '.gz',
    create: async (path, signal) => createGzipFile(path, { level, signal }),
    open: (path, { name, signal }) => gunzipBlocks(fileBlocks(path, signal), name),
  };
}

interface Job {
  readonly done: Promise<void>;
  output: Buffer | undefined;
}

/**
 * Each piece is deflated on libuv's pool and reaches the file in order. Every write retires the piece submitted `DEPTH`
 * before it, finished or not, so that `size()` depends only on what was written and never on how fast the pool was.
 */
function createGzipFile(
  path: string,
  { level, signal }: { readonly level: number; readonly signal: AbortSignal },
): EncodedFile {
  signal.throwIfAborted();
  const spool = createSpoolFile(path);
  const jobs: Job[] = [];
  let taken = 0;
  let crc = 0;
  let before: Buffer | undefined;
  let size = 0;

  // Small at first, so that a small volume ends near its limit although the pool lags behind.
  const held = gatherer(() => Math.min(LARGEST_PIECE, Math.max(SMALLEST_PIECE, Math.floor(taken / 16))));

  function store(output: Buffer): void {
    signal.throwIfAborted();
    spool.write([output]);
    size += output.length;
    release(output);
  }

  function submit(piece: Buffer, isLast: boolean): void {
    if (taken === 0) store(HEADER);
    const previous = before;
    const job: Job = { done: run(), output: undefined };
    async function run(): Promise<void> {
      const output = await deflatePiece({ piece, before: previous, level, isLast });
      job.output = output;
      release(piece);
      if (previous !== undefined) release(previous);
    }
    job.done.catch(ignore);
    jobs.push(job);
    // zlib answers 0, not the sum so far, for no bytes at all.
    if (piece.length > 0) crc = crc32(piece, crc);
    taken += piece.length;
    // A copy, so that the piece itself can go as soon as it is deflated.
    before = Buffer.from(piece.subarray(-WINDOW_BYTES));
  }

  function retire(): Soon<void> {
    const job = jobs.shift();
    if (!job) return undefined;
    return job.output ? store(job.output) : storeWhenDone(job);
  }

  async function storeWhenDone(job: Job): Promise<void> {
    await job.done;
    if (job.output) store(job.output);
  }

  async function finish(): Promise<number> {
    submit(join(held.rest()), true);
    while (jobs.length > 0) await retire();
    const trailer = Buffer.alloc(8);
    trailer.writeUInt32LE(crc, 0);
    trailer.writeUInt32LE(taken % 2 ** 32, 4);
    store(trailer);
    spool.close();
    return size;
  }

  return {
    write(block) {
      const run = held.add(block);
      if (!run) return undefined;
      submit(join(run), false);
      return jobs.length > DEPTH ? retire() : undefined;
    },
    size: () => size,
    async finish() {
      try {
        return await finish();
      } catch (error) {
        spool.remove();
        throw error;
      }
    },
    async abort() {
      await Promise.allSettled(jobs.map((job) => job.done));
      spool.remove();
    },
  };
}

function ignore(): void {
  // Reported by the write or finish that waits for the piece.
}
