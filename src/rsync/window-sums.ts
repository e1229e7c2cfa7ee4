import type { Kernel } from './kernel/kernel.ts';
import { DATA, SUM_BYTES } from './kernel/layout.ts';
import { Pieces } from './pieces.ts';
import { writeSignatureHeader } from './signature.ts';

/** Blocks that are hashed at once; their entries are written behind the window. */
const BATCH = 1024;
/** Bytes behind the window. */
export const SCRATCH_BYTES = BATCH * SUM_BYTES;

/**
 * The signature of the content that passes through the window of a search, for the block length and the strong sums of
 * the basis. A block that was found at a multiple of the block length has the sums of an entry, by which it was found:
 * the entry is copied. Other blocks are hashed where they lie. All places are addresses in the kernel.
 */
export class WindowSums {
  readonly #kernel: Kernel;
  readonly #blockLength: number;
  readonly #scratch: number;
  readonly #out = new Pieces();
  /** The first block that has no entry yet. */
  #next: number;

  /** The content begins at `window`; from `scratch` on SCRATCH_BYTES are free. */
  constructor(
    kernel: Kernel,
    { blockLength, window, scratch }: { blockLength: number; window: number; scratch: number },
  ) {
    this.#kernel = kernel;
    this.#blockLength = blockLength;
    this.#scratch = scratch;
    this.#next = window;
    writeSignatureHeader(this.#out, blockLength);
  }

  /** Content from here on is still needed. */
  get needed(): number {
    return this.#next;
  }

  /** The `count` blocks at `at` are the entries from `entry` on. Calls come in the order of the content. */
  found(at: number, entry: number, count: number): void {
    if ((at - this.#next) % this.#blockLength !== 0) return;
    this.sumTo(at);
    const from = DATA + entry * SUM_BYTES;
    this.#out.bytes(this.#kernel.memory, from, from + count * SUM_BYTES);
    this.#next = at + count * this.#blockLength;
  }

  /** Hashes the whole blocks before `end` that have no entry yet. */
  sumTo(end: number): void {
    for (let left = Math.floor((end - this.#next) / this.#blockLength); left > 0;) {
      const count = Math.min(left, BATCH);
      this.#sum(count, this.#blockLength);
      left -= count;
    }
  }

  /** The content lies `shift` bytes further to the front from now on. */
  move(shift: number): void {
    this.#next -= shift;
  }

  /** The content ends at `end`. */
  finish(end: number): void {
    this.sumTo(end);
    if (end > this.#next) this.#sum(1, end - this.#next);
  }

  /** The pieces of the signature that are complete; after `finish` all that is left. */
  take(isFinished: boolean): Buffer[] {
    return isFinished ? this.#out.takeRest() : this.#out.takeFull();
  }

  #sum(count: number, length: number): void {
    this.#kernel.sumBlocks(this.#next, count, length, this.#scratch);
    this.#out.bytes(this.#kernel.memory, this.#scratch, this.#scratch + count * SUM_BYTES);
    this.#next += count * length;
  }
}
