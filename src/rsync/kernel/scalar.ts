import type { Kernel } from './kernel.ts';
import {
  BLOCK,
  BUCKET,
  CHAR_OFFSET,
  COPY,
  COPY_AT,
  COPY_BLOCKS,
  COPY_ENTRY,
  COPY_TAIL,
  COUNT,
  DATA,
  DIAGONAL,
  DIGEST,
  DOUBT,
  EMPTY,
  END,
  ENTRIES,
  ENTRY_BITS,
  EXPECTED,
  FILTER,
  FILTER_BITS,
  FILTER_FACTOR,
  HASH_FACTOR,
  HUNGRY,
  LIMIT,
  LITERAL,
  MOST_CREDIT,
  PADDING,
  PAID,
  POSITION,
  PROBE_LIMIT,
  ROLLING,
  SLOTS,
  SLOT_COUNT,
  STRONG,
  SUM_BYTES,
  WEAK,
} from './layout.ts';
import { md4 } from './md4.ts';
import { weakSum } from './rollsum.ts';

/** A kernel in plain TypeScript: about a third of the speed of SIMD, for machines without it, and its reference. */
export function scalarKernel(): Kernel {
  return new ScalarKernel();
}

class ScalarKernel implements Kernel {
  readonly lanes = 1;
  readonly chain = new Int32Array(4);
  memory = Buffer.alloc(DATA);
  view = viewOf(this.memory);

  reserve(bytes: number): void {
    if (bytes <= this.memory.length) return;
    const larger = Buffer.alloc(Math.max(bytes, Math.ceil(this.memory.length * 1.5)));
    this.memory.copy(larger);
    this.memory = larger;
    this.view = viewOf(larger);
  }

  sumBlocks(data: number, count: number, length: number, out: number): void {
    for (let block = 0; block < count; block++) {
      const from = data + block * length;
      const into = out + block * SUM_BYTES;
      this.#hash(from, length);
      this.view.setUint32(into, weakSum(this.memory, from, from + length));
      this.memory.copyWithin(into + 4, DIGEST, DIGEST + 8);
    }
  }

  buildTable(): void {
    const { view } = this;
    const count = this.#word(COUNT);
    const slots = this.#word(SLOTS);
    const filter = this.#word(FILTER);
    const filterShift = 32 - this.#word(FILTER_BITS);
    this.memory.fill(EMPTY & 0xff, slots, slots + 4 * this.#word(SLOT_COUNT));
    this.memory.fill(0, filter, filter + 8 * 2 ** this.#word(FILTER_BITS));
    for (let entry = 0; entry < count; entry++) {
      const weak = this.#weakOf(entry);
      const word = filter + 8 * (hash(weak) >>> filterShift);
      for (const bit of [firstBit(weak), secondBit(weak)]) {
        view.setUint8(word + (bit >>> 3), view.getUint8(word + (bit >>> 3)) | (1 << (bit & 7)));
      }
      this.#insert(entry, weak);
    }
  }

  search(isFinal: boolean): number {
    const length = this.#word(BLOCK);
    const count = this.#word(COUNT);
    const end = this.#word(END);
    const need = this.#word(DOUBT) === 1 && !isFinal ? 2 * length : length;
    let p = this.#word(POSITION);
    this.#limitCredit(p);
    this.#set(COPY_BLOCKS, 0);
    this.#set(COPY_TAIL, 0);
    let blocks = 0;
    for (;;) {
      let found = -1;
      if (this.#word(ROLLING) === 0) {
        const entry = this.#word(EXPECTED);
        const same = this.#follow(p, end, entry);
        if (same > 0 && blocks === 0) {
          this.#set(COPY_AT, p);
          this.#set(COPY_ENTRY, entry);
        }
        blocks += same;
        p += same * length;
        const isStarved = !isFinal && entry + same < count && end - p < length;
        this.#set(EXPECTED, isStarved ? entry + same : count);
        if (blocks > 0) {
          this.#set(COPY_BLOCKS, blocks);
          this.#set(DIAGONAL, this.#word(COPY_AT) - Math.imul(this.#word(COPY_ENTRY), length));
          return this.#report(p, COPY);
        }
        if (isStarved) return this.#report(p, HUNGRY);
        if (end - p < need) break;
        const weak = weakSum(this.memory, p, p + length);
        this.#set(WEAK, weak);
        this.#set(ROLLING, 1);
        found = this.#find(p, length, weak);
      }
      if (found < 0) {
        found = this.#roll(p, Math.min(end - need, this.#word(LIMIT)));
        p = this.#word(POSITION);
        if (found < 0 && p >= this.#word(LIMIT)) return LITERAL;
        if (found < 0) {
          if (!isFinal) return HUNGRY;
          p += 1;
          break;
        }
      }
      this.#set(COPY_AT, p);
      this.#set(COPY_ENTRY, found);
      this.#set(ROLLING, 0);
      this.#set(EXPECTED, found + 1);
      blocks = 1;
      p += length;
    }
    if (!isFinal) return this.#report(p, HUNGRY);
    const at = this.#findTail(p, end);
    if (at === end) return this.#report(end, HUNGRY);
    this.#set(COPY_AT, at);
    this.#set(COPY_ENTRY, count - 1);
    this.#set(COPY_TAIL, end - at);
    return this.#report(end, COPY);
  }

  /** Moves POSITION on, byte by byte, until a block matches (its entry is the answer) or `stop` is reached (-1). */
  #roll(from: number, stop: number): number {
    const { memory } = this;
    const length = this.#word(BLOCK);
    const filter = this.#word(FILTER);
    const filterShift = 32 - this.#word(FILTER_BITS);
    let weak = this.#word(WEAK);
    let s1 = weak & 0xffff;
    let s2 = weak >>> 16;
    let found = -1;
    let p = from;
    while (p < stop && found < 0) {
      const out = memory[p] ?? 0;
      s1 = (s1 + (memory[p + length] ?? 0) - out) & 0xffff;
      s2 = (s2 + s1 - Math.imul(length, out + CHAR_OFFSET)) | 0;
      p += 1;
      weak = (s2 << 16) | s1;
      const word = filter + 8 * (hash(weak) >>> filterShift);
      const first = firstBit(weak);
      if ((((memory[word + (first >>> 3)] ?? 0) >>> (first & 7)) & 1) === 0) continue;
      const second = secondBit(weak);
      if ((((memory[word + (second >>> 3)] ?? 0) >>> (second & 7)) & 1) === 0) continue;
      found = this.#find(p, length, weak >>> 0);
    }
    this.#set(WEAK, weak >>> 0);
    this.#set(POSITION, p);
    return found;
  }

  /** How many blocks at `p` continue the basis in order from `first` on. */
  #follow(p: number, end: number, first: number): number {
    const length = this.#word(BLOCK);
    const count = this.#word(COUNT);
    let entry = first;
    let at = p;
    while (entry < count && end - at >= length) {
      if (weakSum(this.memory, at, at + length) !== this.#weakOf(entry)) break;
      this.#hash(at, length);
      if (!this.#isAlike(this.#entryAt(entry) + 4, DIGEST)) break;
      entry += 1;
      at += length;
    }
    return entry - first;
  }

  /** Looks for the short last block of the basis in the bytes from `from` to `end`. Returns where, or `end`. */
  #findTail(from: number, end: number): number {
    const count = this.#word(COUNT);
    if (count === 0 || from >= end) return end;
    const stored = this.#weakOf(count - 1);
    const sum = weakSum(this.memory, from, end);
    let s1 = sum & 0xffff;
    let s2 = sum >>> 16;
    for (let p = from; p < end; p++) {
      if (((s2 << 16) | s1) >>> 0 === stored) {
        this.#hash(p, end - p);
        if (this.#isAlike(this.#entryAt(count - 1) + 4, DIGEST)) return p;
      }
      const out = (this.memory[p] ?? 0) + CHAR_OFFSET;
      s1 = (s1 - out) & 0xffff;
      s2 = (s2 - Math.imul(end - p, out)) | 0;
    }
    return end;
  }

  /** The entry with the sums of the block at `p`, or -1. */
  #find(p: number, length: number, weak: number): number {
    let isHashed = false;
    const slot = this.#slotWhere(weak, (entry) => {
      if (!isHashed && !this.#isLikely(p, length, entry) && !this.#afford(p, length)) return false;
      if (!isHashed) this.#hash(p, length);
      isHashed = true;
      return this.#isAlike(this.#entryAt(entry) + 4, DIGEST);
    });
    const held = slot < 0 ? EMPTY : this.view.getInt32(slot, true);
    return held === EMPTY ? -1 : held & this.#entryMask;
  }

  /** False when the block at `p` probably has no more than its weak sum in common with the entry. */
  #isLikely(p: number, length: number, entry: number): boolean {
    if (this.#word(DOUBT) === 0) return true;
    if ((p - Math.imul(entry, length)) >>> 0 === this.#word(DIAGONAL)) return true;
    if (entry + 2 >= this.#word(COUNT) || p + 2 * length > this.#word(END)) return true;
    return weakSum(this.memory, p + length, p + 2 * length) === this.#weakOf(entry + 1);
  }

  /** Pays for hashing an unlikely block at `p`, as far as the positions that went by allow. */
  #afford(p: number, length: number): boolean {
    this.#limitCredit(p);
    const credit = (p - this.#word(PAID)) >>> 0;
    if (credit < length) return false;
    this.#set(PAID, p - credit + length);
    return true;
  }

  /** Before the distance is more than 32 bits can tell. */
  #limitCredit(p: number): void {
    const most = MOST_CREDIT * this.#word(BLOCK);
    if ((p - this.#word(PAID)) >>> 0 > most) this.#set(PAID, p - most);
  }

  #insert(entry: number, weak: number): void {
    const strong = this.#entryAt(entry) + 4;
    const slot = this.#slotWhere(weak, (other) => this.#isAlike(this.#entryAt(other) + 4, strong));
    if (slot < 0 || this.view.getInt32(slot, true) !== EMPTY) return;
    this.view.setInt32(slot, (hash(weak) & ~this.#entryMask) | entry, true);
  }

  /** Address of the slot of the first entry with this weak sum that suits, else of the first empty slot, else -1. */
  #slotWhere(weak: number, suits: (entry: number) => boolean): number {
    const slots = this.#word(SLOTS);
    const slotCount = this.#word(SLOT_COUNT);
    const entryMask = this.#entryMask;
    const tag = hash(weak) & ~entryMask;
    let slot = BUCKET * Math.floor(((hash(weak) >>> 0) * (slotCount / BUCKET)) / 0x1_0000_0000);
    for (let probe = 0; probe < PROBE_LIMIT; probe++) {
      const held = this.view.getInt32(slots + 4 * slot, true);
      if (held === EMPTY) return slots + 4 * slot;
      const entry = held & entryMask;
      if ((held & ~entryMask) === tag && this.#weakOf(entry) === weak && suits(entry)) return slots + 4 * slot;
      slot += 1;
      if (slot === slotCount) slot = 0;
    }
    return -1;
  }

  get #entryMask(): number {
    return 2 ** this.#word(ENTRY_BITS) - 1;
  }

  #hash(from: number, length: number): void {
    md4(this, { from, length, pad: PADDING, into: DIGEST });
  }

  /** True when the two strong sums are the same as far as the signature keeps them. */
  #isAlike(a: number, b: number): boolean {
    const length = this.#word(STRONG);
    for (let i = 0; i < length; i++) if (this.memory[a + i] !== this.memory[b + i]) return false;
    return true;
  }

  #entryAt(entry: number): number {
    return this.#word(ENTRIES) + entry * (4 + this.#word(STRONG));
  }

  #weakOf(entry: number): number {
    return this.view.getUint32(this.#entryAt(entry));
  }

  #report(position: number, outcome: number): number {
    this.#set(POSITION, position);
    return outcome;
  }

  #word(address: number): number {
    return this.view.getUint32(address, true);
  }

  #set(address: number, value: number): void {
    this.view.setUint32(address, value, true);
  }
}

function hash(weak: number): number {
  return Math.imul(weak, HASH_FACTOR);
}

function firstBit(weak: number): number {
  return Math.imul(weak, FILTER_FACTOR) >>> 26;
}

function secondBit(weak: number): number {
  return (Math.imul(weak, FILTER_FACTOR) >>> 20) & 63;
}

function viewOf(memory: Buffer): DataView {
  return new DataView(memory.buffer, memory.byteOffset, memory.length);
}
