import { type PartLength, partLength } from './packet-header.ts';

const MOST_LENGTH_BYTES = 5;

/** Takes the lengths out of a packet's body while its blocks come in, cut anywhere. */
export class PacketBody {
  #left: number;
  #isPartial: boolean;
  /** A length of which only the beginning was in the last block. */
  readonly #length = Buffer.alloc(MOST_LENGTH_BYTES);
  #lengthBytes = 0;

  constructor({ bytes, isPartial }: PartLength) {
    this.#left = bytes;
    this.#isPartial = isPartial;
  }

  get isOver(): boolean {
    return this.#left === 0 && !this.#isPartial;
  }

  /** True when the body ends where its surroundings do. */
  get isEndless(): boolean {
    return this.#left === Infinity;
  }

  /**
   * Moves the body's bytes among those from `from` to `to` together, in place. They end at `end`; what follows the
   * packet begins at `next`.
   */
  take(block: Buffer, from: number, to: number): { readonly end: number; readonly next: number } {
    let at = from;
    let end = from;
    while (at < to && !this.isOver) {
      if (this.#left === 0) {
        at = this.#readLength(block, at, to);
        continue;
      }
      const count = Math.min(this.#left, to - at);
      if (end !== at) block.copyWithin(end, at, at + count);
      this.#left -= count;
      at += count;
      end += count;
    }
    return { end, next: at };
  }

  /** Reads bytes of the next length one by one; where it has stopped. */
  #readLength(block: Buffer, from: number, to: number): number {
    let at = from;
    while (at < to) {
      this.#length[this.#lengthBytes++] = block[at++] ?? 0;
      const length = partLength(this.#length, 0, this.#lengthBytes);
      if (!length) continue;
      this.#left = length.bytes;
      this.#isPartial = length.isPartial;
      this.#lengthBytes = 0;
      break;
    }
    return at;
  }
}
