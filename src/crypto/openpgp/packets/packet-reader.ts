import { type PacketHeader, parseHeader } from './packet-header.ts';
import { PacketBody } from './packet-body.ts';
import { Unreadable } from '../reading/unreadable.ts';

const NOTHING = Buffer.alloc(0);

/** A byte with which no packet begins. */
export class InvalidPacket extends Unreadable {
  readonly byte: number;

  constructor(byte: number) {
    super(`it holds an invalid packet (ctb=${byte.toString(16).padStart(2, '0')})`);
    this.byte = byte;
  }
}

/** Packets one after the other, from blocks that belong to the reader. */
export class PacketReader {
  readonly #source: Iterator<Buffer>;
  #block: Buffer = NOTHING;
  #at = 0;
  #onBlock: ((block: Buffer) => void) | undefined;

  constructor(source: Iterable<Buffer>) {
    this.#source = source[Symbol.iterator]();
  }

  /** Shows `onBlock` all bytes from here on, as they are before anything is taken out of them. */
  watch(onBlock: (block: Buffer) => void): void {
    this.#onBlock = onBlock;
    if (this.#at < this.#block.length) onBlock(this.#block.subarray(this.#at));
  }

  /** The header of the next packet, which stays the next one until its body is read; undefined at the end. */
  header(): PacketHeader | undefined {
    for (;;) {
      const header = parseHeader(this.#block, this.#at);
      if (header === 'invalid') throw new InvalidPacket(this.#block[this.#at] ?? 0);
      if (typeof header === 'object') return header;
      const left = this.#block.subarray(this.#at);
      const next = this.#pull();
      if (!next && left.length > 0) throw new Unreadable('it ends in the middle of a packet');
      if (!next) return undefined;
      this.#block = left.length === 0 ? next : Buffer.concat([left, next]);
      this.#at = 0;
    }
  }

  /** The body of the packet with this header. Blocks belong to the receiver. */
  *body(header: PacketHeader): Generator<Buffer, void> {
    const body = new PacketBody(header);
    this.#at += header.headerBytes;
    while (!body.isOver) {
      if (this.#at === this.#block.length) {
        const next = this.#pull();
        if (!next && body.isEndless) return;
        if (!next) throw new Unreadable('it ends in the middle of a packet');
        this.#block = next;
        this.#at = 0;
      }
      const block = this.#block;
      const from = this.#at;
      const { end, next } = body.take(block, from, block.length);
      if (end === from) {
        this.#at = next;
        continue;
      }
      // The receiver may give the memory of its block away, all of it.
      this.#block = next < block.length ? Buffer.from(block.subarray(next)) : NOTHING;
      this.#at = 0;
      yield block.subarray(from, end);
    }
  }

  skip(header: PacketHeader): void {
    for (const _ of this.body(header));
  }

  /** Nothing more is read. */
  close(): void {
    this.#source.return?.();
  }

  #pull(): Buffer | undefined {
    const next = this.#source.next();
    if (next.done) return undefined;
    this.#onBlock?.(next.value);
    return next.value;
  }
}
