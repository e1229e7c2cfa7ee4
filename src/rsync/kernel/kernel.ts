/**
 * Block sums and block search over one linear memory. Arguments are byte addresses in it; `layout.ts` has the map.
 * There are two twins that do exactly the same: WebAssembly with SIMD (`simd.ts`) and TypeScript (`scalar.ts`).
 * Only `sumBlocks` leaves nothing behind; a search has a kernel to itself.
 */
export interface Kernel {
  /** Blocks that are hashed at once. */
  readonly lanes: 1 | 4;
  /** The whole memory; another object after `reserve`. */
  readonly memory: Buffer;
  /** Makes at least this many bytes addressable; keeps what is there. */
  reserve(bytes: number): void;
  /** Writes the entries (`SUM_BYTES` each) of `count` adjacent blocks of `length` bytes at `data` to `out`. */
  sumBlocks(data: number, count: number, length: number, out: number): void;
  /** Fills SLOTS and FILTER from the entries. */
  buildTable(): void;
  /** Goes on with the search that the words describe: HUNGRY, COPY or LITERAL. */
  search(isFinal: boolean): number;
}

/** A kernel with less memory is kept whatever it is used for. */
const SMALL = 16_777_216;

/** Kernels of one kind, kept for the next file: making one costs more than the delta of a small file. */
export class Kernels {
  readonly #create: () => Kernel;
  readonly #idle: Kernel[] = [];
  #signer: Kernel | undefined;

  constructor(create: () => Kernel) {
    this.#create = create;
  }

  /** The kernel for calls that leave nothing behind. */
  get signer(): Kernel {
    this.#signer ??= this.#create();
    return this.#signer;
  }

  /** A kernel for one search. */
  take(): Kernel {
    return this.#idle.pop() ?? this.#create();
  }

  /**
   * Memory never shrinks: a kernel that has much more of it than the `used` bytes is not kept. One that was filled is,
   * because the next file may need as much and garbage is not collected at once.
   */
  giveBack(kernel: Kernel, used: number): void {
    if (kernel.memory.length > SMALL && 4 * used < kernel.memory.length) return;
    if (this.#idle.length < 2) this.#idle.push(kernel);
  }
}
