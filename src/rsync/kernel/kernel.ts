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

/** What needs more memory gets the large kernel: a basis of more than 700 MB, in blocks of 2048 bytes. */
const SMALL = 8_388_608;
/** A kernel with no more memory is kept for good. Kernels grow by more than they are asked to. */
const KEPT = 2 * SMALL;

/** Kernels of one kind, kept for the next file: making one costs more than the delta of a small file. */
export class Kernels {
  readonly #create: () => Kernel;
  readonly #idle: Kernel[] = [];
  #signer: Kernel | undefined;
  /**
   * Memory never shrinks, so a large kernel is let go after its file. It is used again if it is still there when it is
   * needed: garbage is collected late, and two of them at once would double the peak.
   */
  #large: WeakRef<Kernel> | undefined;

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

  /** A kernel with `bytes` of memory in which lies what `kernel`, which it replaces, has in its first `used` bytes. */
  grow(kernel: Kernel, bytes: number, used: number): Kernel {
    const large = bytes > SMALL && bytes > kernel.memory.length ? this.#large?.deref() : undefined;
    if (large === undefined) {
      kernel.reserve(bytes);
      return kernel;
    }
    this.#large = undefined;
    large.reserve(bytes);
    kernel.memory.copy(large.memory, 0, 0, used);
    this.giveBack(kernel);
    return large;
  }

  giveBack(kernel: Kernel): void {
    if (kernel.memory.length <= KEPT) {
      if (this.#idle.length < 2) this.#idle.push(kernel);
      return;
    }
    const other = this.#large?.deref();
    if (other === undefined || other.memory.length < kernel.memory.length) this.#large = new WeakRef(kernel);
  }
}
