import type { Soon } from '../../util/soon.ts';

interface More {
  readonly blocks: readonly Buffer[];
  readonly last: boolean;
}

/** Steps of the producer after which it lets others run: some tens of milliseconds. */
const STRIDE = 256;

/** Blocks of any size, taken in the sizes asked for. */
export class BlockQueue {
  readonly #more: () => More;
  readonly #pause: () => Promise<void>;
  #blocks: Buffer[] = [];
  #length = 0;
  #ended = false;

  /** `pause` is awaited now and then while much goes in and little comes out. */
  constructor(more: () => More, pause: () => Promise<void>) {
    this.#more = more;
    this.#pause = pause;
  }

  fill(into: Buffer): Soon<number> {
    return this.#gather(into.length) ? this.#take(into) : this.#fillLater(into);
  }

  async #fillLater(into: Buffer): Promise<number> {
    do await this.#pause();
    while (!this.#gather(into.length));
    return this.#take(into);
  }

  /** True when there is enough, or no more to come; false after as many steps as may pass without a pause. */
  #gather(wanted: number): boolean {
    for (let step = 1; this.#length < wanted && !this.#ended; step++) {
      if (step === STRIDE) return false;
      const { blocks, last } = this.#more();
      for (const block of blocks) {
        this.#blocks.push(block);
        this.#length += block.length;
      }
      this.#ended = last;
    }
    return true;
  }

  #take(into: Buffer): number {
    let at = 0;
    let taken = 0;
    for (const block of this.#blocks) {
      if (at === into.length) break;
      const length = block.copy(into, at);
      at += length;
      if (length < block.length) {
        this.#blocks[taken] = block.subarray(length);
        break;
      }
      taken++;
    }
    this.#blocks.splice(0, taken);
    this.#length -= at;
    return at;
  }
}
