import { DELTA_MAGIC, LITERAL_LIMIT, OP_END, writeCopy, writeLiteral } from './commands.ts';
import type { DeltaSink } from './delta-parser.ts';
import { Pieces } from './pieces.ts';

/** Writes commands as a delta: neighbouring copies become one, literals as long as they may be. */
export class DeltaWriter implements DeltaSink {
  readonly #emit: (block: Buffer) => void;
  readonly #out = new Pieces();
  #literal = Buffer.allocUnsafe(256);
  #literalLength = 0;
  #copyFrom = 0;
  #copyLength = 0;

  /** The blocks that `emit` gets belong to it. */
  constructor(emit: (block: Buffer) => void) {
    this.#emit = emit;
    this.#out.integer(DELTA_MAGIC, 4);
  }

  literal(source: Buffer, from: number, to: number): void {
    this.#flushCopy();
    for (let at = from; at < to;) {
      this.#room(to - at);
      const copied = source.copy(this.#literal, this.#literalLength, at, to);
      this.#literalLength += copied;
      at += copied;
    }
  }

  copy(position: number, length: number): void {
    this.#flushLiteral();
    if (this.#copyLength > 0 && position === this.#copyFrom + this.#copyLength) {
      this.#copyLength += length;
      return;
    }
    this.#flushCopy();
    this.#copyFrom = position;
    this.#copyLength = length;
  }

  finish(): void {
    this.#flushLiteral();
    this.#flushCopy();
    this.#out.byte(OP_END);
    for (const block of this.#out.takeRest()) this.#emit(block);
  }

  /** Makes room for at least one byte. */
  #room(wanted: number): void {
    const { length } = this.#literal;
    if (this.#literalLength + wanted <= length) return;
    if (length < LITERAL_LIMIT) {
      const larger = Buffer.allocUnsafe(Math.min(LITERAL_LIMIT, Math.max(4 * length, this.#literalLength + wanted)));
      this.#literal.copy(larger, 0, 0, this.#literalLength);
      this.#literal = larger;
    }
    if (this.#literalLength === this.#literal.length) this.#flushLiteral();
  }

  #flushLiteral(): void {
    if (this.#literalLength === 0) return;
    writeLiteral(this.#out, this.#literal, 0, this.#literalLength);
    this.#literalLength = 0;
    for (const block of this.#out.takeFull()) this.#emit(block);
  }

  #flushCopy(): void {
    if (this.#copyLength === 0) return;
    writeCopy(this.#out, this.#copyFrom, this.#copyLength);
    this.#copyLength = 0;
    for (const block of this.#out.takeFull()) this.#emit(block);
  }
}
