import { IntegrityError } from '../errors/errors.ts';
import { DELTA_MAGIC, OP_COPY, OP_COPY_LAST, OP_END, OP_LITERAL, OP_LITERAL_MAX } from './commands.ts';

/** The content a delta refers to. */
export interface Basis {
  /** Bytes. */
  readonly size: number;
  /** Fills `into` from `position` on as far as it can; returns how many bytes that were, 0 at the end. */
  read(into: Buffer, position: number): number;
}

const MAGIC_BYTES = 4;
/** Op-code, position and length of eight bytes each. */
const LONGEST_COMMAND = 17;
/** Longest block that is emitted. */
const LONGEST_BLOCK = 262_144;
const SHORTEST_BUFFER = 4096;
/** A literal of this length is emitted from where it lies instead of being copied. */
const DIRECT = 16_384;

/**
 * Rebuilds a content from its basis and a delta that arrives in pieces of any size. A block given to `emit` is valid
 * during the call only. What follows the delta's END is ignored. Damage is an IntegrityError that names the offset.
 * Source: docs/format, deltas; vectors/delta-ops.jsonl.
 */
export class DeltaApplier {
  readonly #basis: Basis;
  readonly #emit: (block: Buffer) => void;
  /** Beginning of a command, or of the magic at first. */
  readonly #command = Buffer.alloc(LONGEST_COMMAND);
  #commandLength = 0;
  #commandSize = MAGIC_BYTES;
  #isMagic = true;
  #isEnded = false;
  /** Bytes of the current literal that are still to come. */
  #literal = 0;
  /** Offset in the delta of the block at hand, and of the current command. */
  #offset = 0;
  #commandOffset = 0;
  /** Content that is not emitted yet. */
  #out: Buffer;
  #outLength = 0;

  constructor(basis: Basis, emit: (block: Buffer) => void) {
    this.#basis = basis;
    this.#emit = emit;
    this.#out = Buffer.allocUnsafe(Math.max(SHORTEST_BUFFER, Math.min(LONGEST_BLOCK, basis.size)));
  }

  push(block: Buffer): void {
    let at = 0;
    while (at < block.length && !this.#isEnded) {
      if (this.#literal > 0) {
        const to = Math.min(block.length, at + this.#literal);
        this.#literal -= to - at;
        this.#take(block, at, to);
        at = to;
      } else {
        at = this.#read(block, at);
      }
    }
    this.#offset += block.length;
  }

  finish(): void {
    if (!this.#isEnded) throw damaged(this.#offset, 'the delta ends too early');
    this.#flush();
  }

  /** Collects a command and carries it out when it is whole. Returns where the next byte lies. */
  #read(block: Buffer, from: number): number {
    let at = from;
    if (this.#commandLength === 0) {
      this.#commandOffset = this.#offset + at;
      if (!this.#isMagic) this.#commandSize = this.#sizeOf(block[at] ?? 0);
    }
    while (at < block.length && this.#commandLength < this.#commandSize) {
      this.#command[this.#commandLength] = block[at] ?? 0;
      this.#commandLength += 1;
      at += 1;
    }
    if (this.#commandLength === this.#commandSize) {
      this.#commandLength = 0;
      this.#obey();
    }
    return at;
  }

  /** Bytes of a command, from its op-code. */
  #sizeOf(op: number): number {
    if (op < OP_LITERAL) return 1;
    if (op < OP_COPY) return 1 + 2 ** (op - OP_LITERAL);
    if (op > OP_COPY_LAST) throw damaged(this.#commandOffset, `op-code ${op.toString(16)} is reserved`);
    return 1 + 2 ** ((op - OP_COPY) >> 2) + 2 ** ((op - OP_COPY) & 3);
  }

  #obey(): void {
    if (this.#isMagic) {
      const magic = this.#command.readUInt32BE(0);
      if (magic !== DELTA_MAGIC) throw damaged(0, `the magic is ${magic.toString(16).padStart(8, '0')}`);
      this.#isMagic = false;
      return;
    }
    const op = this.#command[0] ?? 0;
    if (op === OP_END) {
      this.#isEnded = true;
    } else if (op <= OP_LITERAL_MAX) {
      this.#literal = op;
    } else if (op < OP_COPY) {
      this.#literal = this.#length(1, 2 ** (op - OP_LITERAL));
    } else {
      const width = 2 ** ((op - OP_COPY) >> 2);
      const position = this.#integer(1, width);
      this.#copy(position, this.#length(1 + width, 2 ** ((op - OP_COPY) & 3)));
    }
  }

  #length(at: number, width: number): number {
    const length = this.#integer(at, width);
    if (length === 0) throw damaged(this.#commandOffset, 'a command has length 0');
    return length;
  }

  #integer(at: number, width: number): number {
    if (width <= 4) return this.#command.readUIntBE(at, width);
    const value = this.#command.readUInt32BE(at) * 0x1_0000_0000 + this.#command.readUInt32BE(at + 4);
    if (!Number.isSafeInteger(value)) throw damaged(this.#commandOffset, 'a number is impossibly large');
    return value;
  }

  #copy(from: number, length: number): void {
    if (length > this.#basis.size - from) throw damaged(this.#commandOffset, 'a copy reaches beyond the basis');
    const end = from + length;
    for (let position = from; position < end;) {
      this.#room(end - position);
      const to = Math.min(this.#out.length, this.#outLength + end - position);
      const size = this.#basis.read(this.#out.subarray(this.#outLength, to), position);
      if (size <= 0) throw damaged(this.#commandOffset, 'the basis is shorter than it was');
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

function damaged(offset: number, what: string): IntegrityError {
  return new IntegrityError('DAMAGED', `A delta is damaged at offset ${offset}: ${what}.`);
}
