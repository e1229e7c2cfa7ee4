import { release } from '../../util/release.ts';
import { createKernel, type DeflateKernel } from './kernel/kernel.ts';
import { MOST_BYTES } from './kernel/layout.ts';
import type { Piece, PieceJob } from './piece.ts';
import { type DeflateThreads, deflateThreads } from './threads/threads.ts';

/** Bytes of a run from which on other threads help: one takes 20 ms to start, in which 3 MB are deflated. */
const THREADS_FROM = 8 * 1024 * 1024;

// One for the process, made on first use: a kernel keeps nothing from one piece to the next.
let kernel: DeflateKernel | false | undefined;
let threads: DeflateThreads | undefined;
let taken = 0;

/**
 * The piece deflated by the encoder of our own, or undefined where this engine cannot run it. On which thread makes no
 * difference to the output.
 */
export function ownJob(piece: Piece): PieceJob | undefined {
  kernel ??= createKernel() ?? false;
  if (kernel === false) return undefined;
  taken += piece.bytes.length;
  if (taken >= THREADS_FROM) threads ??= deflateThreads(kernel);
  return threads?.job(piece) ?? jobHere(kernel, piece);
}

/** Done when the output is wanted, so that it need not be copied. */
function jobHere(own: DeflateKernel, { bytes, before, isLast }: Piece): PieceJob {
  return {
    take(use) {
      for (let at = 0; at === 0 || at < bytes.length; at += MOST_BYTES) {
        const end = Math.min(bytes.length, at + MOST_BYTES);
        const dictionary = at === 0 ? before : bytes.subarray(0, at);
        use(own.deflate(bytes.subarray(at, end), dictionary, isLast && end === bytes.length));
      }
      release(bytes);
      if (before !== undefined) release(before);
    },
    settled: () => Promise.resolve(),
  };
}
