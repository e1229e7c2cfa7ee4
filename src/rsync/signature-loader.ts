import { IntegrityError } from '../errors/errors.ts';
import { fastestKernels } from './kernel/choose.ts';
import { type Kernel, Kernels } from './kernel/kernel.ts';
import { DATA } from './kernel/layout.ts';
import { HEADER_BYTES, SIGNATURE_MAGIC } from './signature.ts';

const WEAK_BYTES = 4;
const LONGEST_STRONG = 16;
/** About 2 GB of memory. The blocks of a longer file (204 GB in blocks of 2048) are not looked for beyond this. */
const MOST_ENTRIES = 100_000_000;

/**
 * The block sums of a basis, ready for one DeltaEncoder. The entries lie in a kernel already, because a second copy
 * of them would double the memory that the largest files take.
 */
export class Signature {
  /** Bytes per block. */
  readonly blockLength: number;
  /** Bytes kept of each MD4. */
  readonly strongLength: number;
  readonly count: number;
  readonly kernels: Kernels;
  #kernel: Kernel | undefined;

  constructor(
    kernels: Kernels,
    kernel: Kernel,
    shape: { readonly blockLength: number; readonly strongLength: number; readonly count: number },
  ) {
    this.kernels = kernels;
    this.#kernel = kernel;
    this.blockLength = shape.blockLength;
    this.strongLength = shape.strongLength;
    this.count = shape.count;
  }

  /** The kernel with the entries from DATA on. */
  takeKernel(): Kernel {
    const kernel = this.#kernel;
    if (kernel === undefined) throw new Error('a signature serves one delta encoder');
    this.#kernel = undefined;
    return kernel;
  }
}

/** Takes a stored signature in pieces of any size. Only MD4 signatures exist in archives. */
export class SignatureLoader {
  readonly #kernels: Kernels;
  readonly #mostEntries: number;
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #kernel: Kernel | undefined;
  /** Bytes of the entries so far. */
  #length = 0;
  #headerLength = 0;

  constructor(kernels: Kernels = fastestKernels(), mostEntries: number = MOST_ENTRIES) {
    this.#kernels = kernels;
    this.#mostEntries = mostEntries;
  }

  push(block: Buffer): void {
    let at = 0;
    if (this.#headerLength < HEADER_BYTES) {
      at = block.copy(this.#header, this.#headerLength);
      this.#headerLength += at;
      if (this.#headerLength < HEADER_BYTES) return;
      this.#checkHeader();
    }
    if (at === block.length) return;
    this.#kernel ??= this.#kernels.take();
    const room = Math.max(0, this.#mostEntries * this.#entryBytes - this.#length);
    const size = Math.min(room, block.length - at);
    if (size > 0) {
      const end = DATA + this.#length;
      this.#kernel = this.#kernels.grow(this.#kernel, end + size, end);
      block.copy(this.#kernel.memory, end, at, at + size);
    }
    this.#length += block.length - at;
  }

  finish(): Signature {
    if (this.#headerLength < HEADER_BYTES) throw damaged(`it ends after ${this.#headerLength} bytes`);
    const count = this.#length / this.#entryBytes;
    if (!Number.isInteger(count)) throw damaged(`it ends within entry ${Math.floor(count)}`);
    return new Signature(this.#kernels, this.#kernel ?? this.#kernels.take(), {
      blockLength: this.#header.readUInt32BE(4),
      strongLength: this.#header.readUInt32BE(8),
      count: Math.min(count, this.#mostEntries),
    });
  }

  get #entryBytes(): number {
    return WEAK_BYTES + this.#header.readUInt32BE(8);
  }

  #checkHeader(): void {
    const magic = this.#header.readUInt32BE(0);
    if (magic !== SIGNATURE_MAGIC) throw damaged(`its magic is ${magic.toString(16).padStart(8, '0')}`);
    if (this.#header.readUInt32BE(4) === 0) throw damaged('its block length is 0');
    const strong = this.#header.readUInt32BE(8);
    if (strong === 0 || strong > LONGEST_STRONG) throw damaged(`its strong sums have ${strong} bytes`);
  }
}

function damaged(what: string): IntegrityError {
  return new IntegrityError('DAMAGED', `A signature is damaged: ${what}.`);
}
