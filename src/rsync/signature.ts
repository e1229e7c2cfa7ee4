import { fastestKernels } from './kernel/choose.ts';
import { type Kernel, Kernels } from './kernel/kernel.ts';
import { DATA, SUM_BYTES } from './kernel/layout.ts';
import { LongBlockSums } from './long-block.ts';
import { Pieces } from './pieces.ts';

// The MD4 format, first 8 bytes kept: the only signature the reference writes. Source: docs/format, signatures.
export const SIGNATURE_MAGIC = 0x72730136;
export const HEADER_BYTES = 12;
export const STRONG_BYTES = 8;

/** Bytes handed to the kernel at once: they stay in the second-level cache. */
const BATCH = 262_144;
/** Longer blocks are hashed as they come instead of being held. */
const LONGEST_HELD = 1_048_576;

/** The librsync signature of a content that arrives in pieces of any size. `blockLength` is in bytes. */
export class SignatureBuilder {
  readonly #blockLength: number;
  readonly #kernel: Kernel;
  readonly #out = new Pieces();
  readonly #long: LongBlockSums | undefined;
  /** The beginning of a block. */
  #held: Buffer | undefined;
  #heldLength = 0;
  /** The sums of a block of zeros, once there was one. */
  #zeroSums: Buffer | undefined;

  constructor(blockLength: number, kernels: Kernels = fastestKernels()) {
    this.#blockLength = blockLength;
    this.#kernel = kernels.signer;
    this.#long = blockLength > LONGEST_HELD ? new LongBlockSums(blockLength, this.#out) : undefined;
    writeSignatureHeader(this.#out, blockLength);
  }

  update(chunk: Buffer): void {
    if (this.#long !== undefined) {
      this.#long.update(chunk);
      return;
    }
    const length = this.#blockLength;
    const batch = Math.max(1, Math.floor(BATCH / length)) * length;
    let at = 0;
    while (this.#heldLength + chunk.length - at >= length) {
      const available = Math.min(batch, this.#heldLength + chunk.length - at);
      const size = available - (available % length);
      // In a hole that is a tenth of a backup's work.
      if (this.#heldLength === 0 && isZero(chunk, at, size)) this.#sumZeros(size / length);
      else this.#sum(chunk, { at, size, length });
      at += size - this.#heldLength;
      this.#heldLength = 0;
    }
    if (at === chunk.length) return;
    this.#held ??= Buffer.allocUnsafe(length);
    this.#heldLength += chunk.copy(this.#held, this.#heldLength, at);
  }

  /** The pieces of the signature that are complete: 64 KiB each. They belong to the caller. */
  takeSignature(): Buffer[] {
    return this.#out.takeFull();
  }

  /** What is left of the signature's bytes, which belong to the caller. */
  finish(): Buffer[] {
    this.#long?.finish();
    if (this.#heldLength > 0) {
      this.#sum(Buffer.alloc(0), { at: 0, size: this.#heldLength, length: this.#heldLength });
      this.#heldLength = 0;
    }
    return this.#out.takeRest();
  }

  #sumZeros(count: number): void {
    this.#zeroSums ??= signatureOf(Buffer.alloc(this.#blockLength), this.#blockLength).subarray(HEADER_BYTES);
    for (let n = 0; n < count; n++) this.#out.bytes(this.#zeroSums, 0, SUM_BYTES);
  }

  /** Adds the entries of `size` bytes: what is held, then the chunk from `at` on. */
  #sum(chunk: Buffer, { at, size, length }: { at: number; size: number; length: number }): void {
    const count = size / length;
    const entries = align(DATA + size);
    const end = entries + count * SUM_BYTES;
    this.#kernel.reserve(end);
    const { memory } = this.#kernel;
    if (this.#held !== undefined) this.#held.copy(memory, DATA, 0, this.#heldLength);
    chunk.copy(memory, DATA + this.#heldLength, at, at + size - this.#heldLength);
    this.#kernel.sumBlocks(DATA, count, length, entries);
    this.#out.bytes(memory, entries, end);
  }
}

export function writeSignatureHeader(out: Pieces, blockLength: number): void {
  out.integer(SIGNATURE_MAGIC, 4);
  out.integer(blockLength, 4);
  out.integer(STRONG_BYTES, 4);
}

/** The signature of a whole content that is small, at the least cost. Belongs to the caller. */
export function signatureOf(content: Buffer, blockLength: number, kernels: Kernels = fastestKernels()): Buffer {
  if (content.length > BATCH) return signatureOfLarge(content, blockLength, kernels);
  const kernel = kernels.signer;
  const blocks = Math.floor(content.length / blockLength);
  const rest = content.length % blockLength;
  const entries = align(DATA + content.length);
  const end = entries + (rest === 0 ? blocks : blocks + 1) * SUM_BYTES;
  kernel.reserve(end);
  const { memory } = kernel;
  content.copy(memory, DATA);
  if (blocks > 0) kernel.sumBlocks(DATA, blocks, blockLength, entries);
  if (rest > 0) kernel.sumBlocks(DATA + blocks * blockLength, 1, rest, entries + blocks * SUM_BYTES);
  const signature = Buffer.allocUnsafe(HEADER_BYTES + end - entries);
  signature.writeUInt32BE(SIGNATURE_MAGIC, 0);
  signature.writeUInt32BE(blockLength, 4);
  signature.writeUInt32BE(STRONG_BYTES, 8);
  memory.copy(signature, HEADER_BYTES, entries, end);
  return signature;
}

function signatureOfLarge(content: Buffer, blockLength: number, kernels: Kernels): Buffer {
  const builder = new SignatureBuilder(blockLength, kernels);
  builder.update(content);
  return Buffer.concat(builder.finish());
}

const ZEROS = Buffer.alloc(BATCH);

/** One look at anything else. */
function isZero(bytes: Buffer, at: number, length: number): boolean {
  if (bytes[at] !== 0 || bytes[at + length - 1] !== 0 || length > BATCH) return false;
  return bytes.compare(ZEROS, 0, length, at, at + length) === 0;
}

/** SIMD loads are fastest from addresses divisible by 16. */
function align(address: number): number {
  return Math.ceil(address / 16) * 16;
}
