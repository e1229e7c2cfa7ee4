import type { Soon } from '../../util/soon.ts';
import { storedJob, zlibJob } from './deflate-piece.ts';
import { WINDOW_BYTES } from './kernel/layout.ts';
import { ownJob } from './own-job.ts';
import type { Piece, PieceJob } from './piece.ts';

/**
 * zlib's level. The reference's is 6, in a window of 32 KiB for keys and gzip, of 8 KiB with a passphrase. Measured beside
 * it (CPU of a full backup, bytes stored): log text half and half with random 0.35 to 0.41 and +1 %, log text alone 0.45 and
 * +2.7 %, programs and documents 0.43 and +4.1 % (with a passphrase: -0.3 %). Level 5 would be 0.52 and +0.4 %, 0.70 and
 * -0.1 %, 0.52 and +2.4 %. Long streams of this level are made by the encoder of our own, which is twice as fast.
 */
export const DEFAULT_LEVEL = 4;

/** Bytes of a stream from which on our own encoder works: to compile it costs what it saves on as many. */
export const OWN_FROM = 2 * 1024 * 1024;

const SMALLEST_PIECE = 64 * 1024;
/** From 256 KiB on, cutting a stream into pieces costs no measurable CPU time. */
const LARGEST_PIECE = 256 * 1024;

/** Pieces at work at the same time while a file is small; more would only make the end of a volume less exact. */
const LEAST_DEPTH = 2;
/** As many as libuv's pool has threads. */
const MOST_DEPTH = 4;
/** From here on, two pieces more are less than 4 % of the file. */
const DEEPER_FROM = 16 * 1024 * 1024;

/** A raw deflate stream in the making. */
export interface DeflateStream {
  /** Takes over the piece. Answers a promise when the pool lags behind. */
  write(piece: Buffer): Soon<void>;
  /** Takes over the last piece, which may be empty, and answers when all output was stored. */
  finish(piece: Buffer): Promise<void>;
  /** Answers when nothing is at work any more. Never throws. */
  settled(): Promise<void>;
}

/** Bytes the next piece should have. Small at first, so that a small volume ends near its limit despite the lag. */
export function pieceBytes(taken: number): number {
  return Math.min(LARGEST_PIECE, Math.max(SMALLEST_PIECE, Math.floor(taken / 16)));
}

/**
 * Each piece is deflated on another thread, or at the latest when its output is given to `store`, in order. Every write
 * retires the piece a fixed number of pieces before it, finished or not: what was stored depends only on what was written
 * and never on how fast threads were. Output is used when `store` has returned.
 */
export function deflateStream(options: {
  readonly level: number;
  readonly store: (output: Buffer) => void;
}): DeflateStream {
  const { level, store } = options;
  const jobs: PieceJob[] = [];
  let taken = 0;
  let before: Buffer | undefined;

  function submit(bytes: Buffer, isLast: boolean): void {
    const piece = { bytes, before, isLast };
    // A copy, so that the piece itself can go as soon as it is deflated.
    before = Buffer.from(bytes.subarray(-WINDOW_BYTES));
    const isOwn = level === DEFAULT_LEVEL && taken >= OWN_FROM;
    taken += bytes.length;
    jobs.push(jobOf(piece, level, isOwn));
  }

  function retire(): Soon<void> {
    return jobs.shift()?.take(store);
  }

  return {
    write(piece) {
      submit(piece, false);
      return jobs.length > (taken < DEEPER_FROM ? LEAST_DEPTH : MOST_DEPTH) ? retire() : undefined;
    },
    async finish(piece) {
      submit(piece, true);
      while (jobs.length > 0) await retire();
    },
    async settled() {
      await Promise.all(jobs.map((job) => job.settled()));
    },
  };
}

/** Who does the work depends on the bytes of the stream alone: so does the output. */
function jobOf(piece: Piece, level: number, isOwn: boolean): PieceJob {
  return storedJob(piece, level) ?? (isOwn ? ownJob(piece) : undefined) ?? zlibJob(piece, level);
}
