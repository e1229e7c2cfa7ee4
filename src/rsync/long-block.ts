import { CHAR_OFFSET } from './kernel/layout.ts';
import { compress, padTail, startChain } from './kernel/md4.ts';
import type { Pieces } from './pieces.ts';

const CHUNK = 64;

/** Sums of blocks too long to be held in memory: hashed while they arrive, at the speed of plain TypeScript. */
export class LongBlockSums {
  readonly #blockLength: number;
  readonly #out: Pieces;
  readonly #chain = new Int32Array(4);
  /** An incomplete MD4 chunk, then room for the padding. */
  readonly #tail = Buffer.alloc(3 * CHUNK);
  #length = 0;
  #s1 = 0;
  #s2 = 0;

  constructor(blockLength: number, out: Pieces) {
    this.#blockLength = blockLength;
    this.#out = out;
    startChain(this.#chain);
  }

  update(chunk: Buffer): void {
    for (let at = 0; at < chunk.length;) {
      const to = Math.min(chunk.length, at + this.#blockLength - this.#length);
      this.#absorb(chunk.subarray(at, to));
      if (this.#length === this.#blockLength) this.#close();
      at = to;
    }
  }

  finish(): void {
    if (this.#length > 0) this.#close();
  }

  #absorb(bytes: Buffer): void {
    let s1 = this.#s1;
    let s2 = this.#s2;
    for (const byte of bytes) {
      s1 = (s1 + byte + CHAR_OFFSET) & 0xffff;
      s2 = (s2 + s1) & 0xffff;
    }
    this.#s1 = s1;
    this.#s2 = s2;
    const held = this.#length % CHUNK;
    this.#length += bytes.length;
    let at = 0;
    if (held > 0) {
      at = bytes.copy(this.#tail, held, 0, CHUNK - held);
      if (held + at < CHUNK) return;
      compress(this.#chain, viewOf(this.#tail), 0, CHUNK);
    }
    const end = bytes.length - ((bytes.length - at) % CHUNK);
    compress(this.#chain, viewOf(bytes), at, end);
    bytes.copy(this.#tail, 0, end);
  }

  #close(): void {
    const end = this.#length % CHUNK;
    const size = padTail(this.#tail, { pad: CHUNK, end, length: this.#length });
    compress(this.#chain, viewOf(this.#tail), CHUNK, CHUNK + size);
    this.#out.integer(((this.#s2 << 16) | this.#s1) >>> 0, 4);
    this.#tail.writeInt32LE(this.#chain[0] ?? 0, 0);
    this.#tail.writeInt32LE(this.#chain[1] ?? 0, 4);
    this.#out.bytes(this.#tail, 0, 8);
    startChain(this.#chain);
    this.#length = 0;
    this.#s1 = 0;
    this.#s2 = 0;
  }
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
