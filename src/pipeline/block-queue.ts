interface More {
  readonly blocks: readonly Buffer[];
  readonly last: boolean;
}

/** Blocks of any size, taken in the sizes asked for. */
export class BlockQueue {
  readonly #more: () => More;
  #blocks: Buffer[] = [];
  #length = 0;
  #ended = false;

  constructor(more: () => More) {
    this.#more = more;
  }

  fill(into: Buffer): number {
    while (this.#length < into.length && !this.#ended) {
      const { blocks, last } = this.#more();
      for (const block of blocks) {
        this.#blocks.push(block);
        this.#length += block.length;
      }
      this.#ended = last;
    }
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
