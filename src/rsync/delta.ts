import { DELTA_MAGIC, LITERAL_LIMIT, OP_END, writeCopy, writeLiteral } from './commands.ts';
import type { Kernel, Kernels } from './kernel/kernel.ts';
import {
  COPY,
  COPY_AT,
  COPY_BLOCKS,
  COPY_ENTRY,
  COPY_TAIL,
  DIAGONAL,
  END,
  HUNGRY,
  LIMIT,
  LITERAL,
  PAID,
  POSITION,
} from './kernel/layout.ts';
import { Pieces } from './pieces.ts';
import { prepareSearch } from './search-layout.ts';
import type { Signature } from './signature-loader.ts';
import { WindowSums } from './window-sums.ts';

/** Words that tell a place in the window. */
const MOVING = [POSITION, LIMIT, DIAGONAL, PAID] as const;

/**
 * The librsync delta from the basis a signature describes to a content that arrives in pieces of any size. The bytes
 * depend on the content only, not on its pieces. Uses the signature up. Buffers returned belong to the caller.
 */
export class DeltaEncoder {
  readonly #kernels: Kernels;
  readonly #kernel: Kernel;
  readonly #blockLength: number;
  readonly #isSearching: boolean;
  readonly #out = new Pieces();
  readonly #sums: WindowSums | undefined;
  #isFinished = false;
  // Addresses in the kernel: where content is put, and of it what is no command yet.
  readonly #window: number;
  readonly #windowEnd: number;
  #literal: number;
  #end: number;
  /** The last copy, which the next one may continue. */
  #copyFrom = 0;
  #copyLength = 0;

  /** With `newBlockLength` the content's own signature is made on the way where that saves hashing: see `isSigning`. */
  constructor(signature: Signature, newBlockLength?: number) {
    this.#kernels = signature.kernels;
    this.#kernel = signature.takeKernel();
    const { blockLength } = signature;
    this.#blockLength = blockLength;
    const { window, windowEnd, isSearching, isSigning } = prepareSearch(this.#kernel, signature, newBlockLength);
    if (isSigning) this.#sums = new WindowSums(this.#kernel, { blockLength, window, scratch: windowEnd });
    this.#window = window;
    this.#windowEnd = windowEnd;
    this.#isSearching = isSearching;
    this.#literal = window;
    this.#end = window;
    this.#set(POSITION, window);
    this.#set(LIMIT, window + LITERAL_LIMIT);
    this.#out.integer(DELTA_MAGIC, 4);
  }

  /** The pieces of the delta that are complete: 64 KiB each. */
  update(chunk: Buffer): Buffer[] {
    let at = 0;
    while (at < chunk.length) {
      if (this.#end + chunk.length - at > this.#windowEnd) this.#compact();
      const copied = chunk.copy(this.#kernel.memory, this.#end, at, at + this.#windowEnd - this.#end);
      at += copied;
      this.#end += copied;
      this.#search(false);
    }
    return this.#out.takeFull();
  }

  finish(): Buffer[] {
    this.#search(true);
    this.#flushLiteral(this.#end);
    this.#flushCopy();
    this.#sums?.finish(this.#end);
    this.#isFinished = true;
    this.#out.byte(OP_END);
    this.#kernels.giveBack(this.#kernel);
    return this.#out.takeRest();
  }

  /** True when `takeSignature` gives the signature of the content. */
  get isSigning(): boolean {
    return this.#sums !== undefined;
  }

  /** The pieces of the content's signature that are complete; after `finish` all that is left. */
  takeSignature(): Buffer[] {
    return this.#sums?.take(this.#isFinished) ?? [];
  }

  #search(isFinal: boolean): void {
    this.#set(END, this.#end);
    for (;;) {
      const outcome = this.#step(isFinal);
      if (outcome === HUNGRY) return;
      if (outcome === LITERAL) this.#flushLiteral(this.#word(POSITION));
      if (outcome === COPY) {
        this.#flushLiteral(this.#word(COPY_AT));
        this.#sums?.found(this.#word(COPY_AT), this.#word(COPY_ENTRY), this.#word(COPY_BLOCKS));
        this.#copy(
          this.#word(COPY_ENTRY) * this.#blockLength,
          this.#word(COPY_BLOCKS) * this.#blockLength + this.#word(COPY_TAIL),
        );
        this.#literal = this.#word(POSITION);
      }
      this.#set(LIMIT, this.#literal + LITERAL_LIMIT);
    }
  }

  #step(isFinal: boolean): number {
    if (this.#isSearching) return this.#kernel.search(isFinal);
    // Nothing can match.
    const position = Math.min(this.#end, this.#literal + LITERAL_LIMIT);
    this.#set(POSITION, position);
    return position < this.#literal + LITERAL_LIMIT ? HUNGRY : LITERAL;
  }

  #copy(from: number, length: number): void {
    if (from !== this.#copyFrom + this.#copyLength) {
      this.#flushCopy();
      this.#copyFrom = from;
    }
    this.#copyLength += length;
  }

  #flushCopy(): void {
    if (this.#copyLength > 0) writeCopy(this.#out, this.#copyFrom, this.#copyLength);
    this.#copyLength = 0;
  }

  /** Makes a literal of what is no command yet, up to `end`. */
  #flushLiteral(end: number): void {
    if (end > this.#literal) this.#flushCopy();
    while (this.#literal < end) {
      const to = Math.min(end, this.#literal + LITERAL_LIMIT);
      writeLiteral(this.#out, this.#kernel.memory, this.#literal, to);
      this.#literal = to;
    }
  }

  /** Moves what is no command yet, or has no sums yet, to the beginning of the window. */
  #compact(): void {
    this.#sums?.sumTo(this.#literal);
    const from = Math.min(this.#literal, this.#sums?.needed ?? this.#literal);
    const shift = from - this.#window;
    if (shift === 0) return;
    this.#kernel.memory.copyWithin(this.#window, from, this.#end);
    this.#sums?.move(shift);
    this.#literal -= shift;
    this.#end -= shift;
    for (const address of MOVING) this.#set(address, (this.#word(address) - shift) >>> 0);
  }

  #word(address: number): number {
    return this.#kernel.memory.readUInt32LE(address);
  }

  #set(address: number, value: number): void {
    this.#kernel.memory.writeUInt32LE(value, address);
  }
}
