import { DeltaParser } from './delta-parser.ts';

/** The content a delta refers to. */
export interface Basis {
  /** Bytes. */
  readonly size: number;
  /** Fills `into` from `position` on as far as it can; returns how many bytes that were, 0 at the end. */
  read(into: Buffer, position: number): number;
}

/** Longest block that is emitted. */
const LONGEST_BLOCK = 262_144;
const SHORTEST_BUFFER = 4096;
/** A literal of this length is emitted from where it lies instead of being copied. */
const DIRECT = 16_384;

/**
 * Rebuilds a content from its basis and a delta that arrives in pieces of any size. A block given to `emit` is valid
 * during the call only. What follows the delta's END is ignored. Damage is an IntegrityError that names the offset.
 */
export class DeltaApplier {
  readonly #basis: Basis;
  readonly #emit: (block: Buffer) => void;
  readonly #parser: DeltaParser;
  /** Content that is not emitted yet. */
  #out: Buffer;
  #outLength = 0;

  constructor(basis: Basis, emit: (block: Buffer) => void) {
    this.#basis = basis;
    this.#emit = emit;
    this.#parser = new DeltaParser({
      literal: (source, from, to) => this.#take(source, from, to),
      copy: (position, length) => this.#copy(position, length),
    });
    this.#out = Buffer.allocUnsafe(Math.max(SHORTEST_BUFFER, Math.min(LONGEST_BLOCK, basis.size)));
  }

  push(block: Buffer): void {
    this.#parser.push(block);
  }

  finish(): void {
    this.#parser.finish();
    this.#flush();
  }

  #copy(from: number, length: number): void {
    if (length > this.#basis.size - from) throw this.#parser.damaged('a copy reaches beyond the basis');
    const end = from + length;
    for (let position = from; position < end;) {
      this.#room(end - position);
      const to = Math.min(this.#out.length, this.#outLength + end - position);
      const size = this.#basis.read(this.#out.subarray(this.#outLength, to), position);
      if (size <= 0) throw this.#parser.damaged('the basis is shorter than it was');
      this.#outLength += size;
      position += size;
    }
  }

  /** Adds literal bytes. */
  #take(source: Buffer, from: number, to: number): void {
    if (to - from >= DIRECT) {
      this.#flush();
      for (let at = from; at < to; at += LONGEST_BLOCK)
        this.#emit(source.subarray(at, Math.min(to, at + LONGEST_BLOCK)));
      return;
    }
    for (let at = from; at < to;) {
      this.#room(to - at);
      const copied = source.copy(this.#out, this.#outLength, at, to);
      this.#outLength += copied;
      at += copied;
    }
  }

  /** Makes room for at least one byte, and for `wanted` where the buffer may become long enough. */
  #room(wanted: number): void {
    const needed = this.#outLength + wanted;
    if (needed > this.#out.length && this.#out.length < LONGEST_BLOCK) {
      const larger = Buffer.allocUnsafeSlow(Math.min(LONGEST_BLOCK, Math.max(2 * this.#out.length, needed)));
      this.#out.copy(larger, 0, 0, this.#outLength);
      this.#out = larger;
    }
    if (this.#outLength === this.#out.length) this.#flush();
  }

  #flush(): void {
    if (this.#outLength > 0) this.#emit(this.#out.subarray(0, this.#outLength));
    this.#outLength = 0;
  }
}
