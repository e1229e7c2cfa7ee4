import { IntegrityError } from '../errors/errors.ts';
import { DELTA_MAGIC, OP_COPY, OP_COPY_LAST, OP_END, OP_LITERAL, OP_LITERAL_MAX } from './commands.ts';

/** Takes the commands of a delta, in the order of the content they make. */
export interface DeltaSink {
  /** Bytes `from` to `to` of `source`, which are valid during the call only. A long literal comes in parts. */
  literal(source: Buffer, from: number, to: number): void;
  /** `length` bytes of the basis, from `position` on. */
  copy(position: number, length: number): void;
}

const MAGIC_BYTES = 4;
/** Op-code, position and length of eight bytes each. */
const LONGEST_COMMAND = 17;

/**
 * Reads the commands of a delta that arrives in pieces of any size. What follows its END is ignored. Damage is an
 * IntegrityError that names the offset. Source: docs/format, deltas; vectors/delta-ops.jsonl.
 */
export class DeltaParser {
  readonly #sink: DeltaSink;
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

  constructor(sink: DeltaSink) {
    this.#sink = sink;
  }

  push(block: Buffer): void {
    let at = 0;
    while (at < block.length && !this.#isEnded) {
      if (this.#literal > 0) {
        const to = Math.min(block.length, at + this.#literal);
        this.#literal -= to - at;
        this.#sink.literal(block, at, to);
        at = to;
      } else {
        at = this.#read(block, at);
      }
    }
    this.#offset += block.length;
  }

  /** Nothing follows. */
  finish(): void {
    if (!this.#isEnded) throw damagedAt(this.#offset, 'the delta ends too early');
  }

  /** What is wrong with the command at hand. */
  damaged(what: string): IntegrityError {
    return damagedAt(this.#commandOffset, what);
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
    if (op > OP_COPY_LAST) throw this.damaged(`op-code ${op.toString(16)} is reserved`);
    return 1 + 2 ** ((op - OP_COPY) >> 2) + 2 ** ((op - OP_COPY) & 3);
  }

  #obey(): void {
    if (this.#isMagic) {
      const magic = this.#command.readUInt32BE(0);
      if (magic !== DELTA_MAGIC) throw damagedAt(0, `the magic is ${magic.toString(16).padStart(8, '0')}`);
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
      this.#sink.copy(position, this.#length(1 + width, 2 ** ((op - OP_COPY) & 3)));
    }
  }

  #length(at: number, width: number): number {
    const length = this.#integer(at, width);
    if (length === 0) throw this.damaged('a command has length 0');
    return length;
  }

  #integer(at: number, width: number): number {
    if (width <= 4) return this.#command.readUIntBE(at, width);
    const value = this.#command.readUInt32BE(at) * 0x1_0000_0000 + this.#command.readUInt32BE(at + 4);
    if (!Number.isSafeInteger(value)) throw this.damaged('a number is impossibly large');
    return value;
  }
}

function damagedAt(offset: number, what: string): IntegrityError {
  return new IntegrityError('DAMAGED', `A delta is damaged at offset ${offset}: ${what}.`);
}
