import type { DeltaSink } from './delta-parser.ts';
import type { Basis } from './patch.ts';

/** Bytes that grow at their end and are read anywhere: in memory, or in a file when they are many. */
export interface Store extends Basis {
  /** Copies the block. */
  append(block: Buffer): void;
}

/** Parts of the content that are kept together, 16 bytes each: where it begins in it, and where it comes from. */
const PARTS = 2048;
const PART_BYTES = 16;
/** Literals that are read or written at once. */
const WINDOW = 65_536;

/**
 * What the content a delta makes consists of: parts of the basis, and literals. Takes the commands of the delta, then
 * tells any part of the content in terms of the basis. Memory: two pages, and a number for each 2048 parts.
 */
export class DeltaIndex implements DeltaSink {
  readonly #parts: Store;
  readonly #literals: Store;
  /** Of the content. */
  #size = 0;
  #count = 0;
  /** Where the first part of each page begins. */
  readonly #firsts: number[] = [];
  /** A page as it is stored, and its number. While commands are taken, the last one. */
  readonly #page = new Float64Array(2 * PARTS);
  readonly #pageBytes = Buffer.from(this.#page.buffer);
  #pageNumber = 0;
  /** Where the next byte would come from if it continued the last part; literals count down from -1. */
  #next = NaN;
  #isLiteral = false;
  /** Literals that are not stored yet; later those from `#windowAt` on. */
  #window = Buffer.allocUnsafe(256);
  #windowAt = 0;
  #windowLength = 0;

  /** Both begin empty and belong to whoever gives them. */
  constructor(parts: Store, literals: Store) {
    this.#parts = parts;
    this.#literals = literals;
  }

  /** Bytes of the content. */
  get size(): number {
    return this.#size;
  }

  literal(source: Buffer, from: number, to: number): void {
    if (!this.#isLiteral) this.#begin(-1 - this.#literals.size - this.#windowLength);
    this.#isLiteral = true;
    for (let at = from; at < to;) {
      this.#room(to - at);
      const copied = source.copy(this.#window, this.#windowLength, at, to);
      this.#windowLength += copied;
      at += copied;
    }
    this.#size += to - from;
  }

  copy(position: number, length: number): void {
    if (this.#isLiteral || position !== this.#next) this.#begin(position);
    this.#isLiteral = false;
    this.#next = position + length;
    this.#size += length;
  }

  /** All commands have been taken. */
  finish(): void {
    if (this.#count % PARTS > 0) this.#storePage();
    this.#storeLiterals();
  }

  /** Gives `length` bytes of the content from `position` on, which are there, to `sink`. */
  cut(position: number, length: number, sink: DeltaSink): void {
    const end = position + length;
    let part = this.#find(position);
    for (let at = position; at < end; part++) {
      const begin = this.#beginOf(part);
      const source = this.#sourceOf(part);
      const to = Math.min(end, part + 1 < this.#count ? this.#beginOf(part + 1) : this.#size);
      if (source >= 0) sink.copy(source + at - begin, to - at);
      else this.#giveLiterals(-1 - source + at - begin, to - at, sink);
      at = to;
    }
  }

  #begin(source: number): void {
    const slot = this.#count % PARTS;
    if (slot === 0) {
      if (this.#count > 0) this.#storePage();
      this.#firsts.push(this.#size);
      this.#pageNumber = this.#firsts.length - 1;
    }
    this.#page[2 * slot] = this.#size;
    this.#page[2 * slot + 1] = source;
    this.#count++;
  }

  #storePage(): void {
    this.#parts.append(this.#pageBytes.subarray(0, PART_BYTES * (this.#count - PARTS * this.#pageNumber)));
  }

  /** Makes room for at least one byte. */
  #room(wanted: number): void {
    const { length } = this.#window;
    if (this.#windowLength + wanted <= length) return;
    if (length < WINDOW) {
      const larger = Buffer.allocUnsafe(Math.min(WINDOW, Math.max(4 * length, this.#windowLength + wanted)));
      this.#window.copy(larger, 0, 0, this.#windowLength);
      this.#window = larger;
    }
    if (this.#windowLength === this.#window.length) this.#storeLiterals();
  }

  #storeLiterals(): void {
    if (this.#windowLength > 0) this.#literals.append(this.#window.subarray(0, this.#windowLength));
    this.#windowLength = 0;
  }

  /** The part that holds the byte at `position`. */
  #find(position: number): number {
    const page = lastUpTo(this.#firsts.length, position, (number) => this.#firsts[number] ?? 0);
    this.#load(page);
    const parts = Math.min(PARTS, this.#count - PARTS * page);
    return PARTS * page + lastUpTo(parts, position, (slot) => this.#page[2 * slot] ?? 0);
  }

  #beginOf(part: number): number {
    if (part % PARTS === 0) return this.#firsts[part / PARTS] ?? 0;
    this.#load(Math.floor(part / PARTS));
    return this.#page[2 * (part % PARTS)] ?? 0;
  }

  #sourceOf(part: number): number {
    this.#load(Math.floor(part / PARTS));
    return this.#page[2 * (part % PARTS) + 1] ?? 0;
  }

  #load(page: number): void {
    if (page === this.#pageNumber) return;
    fill(this.#parts, this.#pageBytes, PARTS * PART_BYTES * page);
    this.#pageNumber = page;
  }

  #giveLiterals(from: number, length: number, sink: DeltaSink): void {
    const end = from + length;
    for (let at = from; at < end;) {
      if (at < this.#windowAt || at >= this.#windowAt + this.#windowLength) this.#loadLiterals(at, end - at);
      const start = at - this.#windowAt;
      const to = Math.min(this.#windowLength, end - this.#windowAt);
      sink.literal(this.#window, start, to);
      at += to - start;
    }
  }

  /** Behind short literals lie those that are likely to be asked for next. */
  #loadLiterals(at: number, wanted: number): void {
    const size = Math.min(WINDOW, this.#literals.size - at);
    if (size < wanted && size < WINDOW) throw new RangeError('a part lies beyond the literals');
    if (this.#window.length < size) this.#window = Buffer.allocUnsafe(size);
    this.#windowAt = at;
    this.#windowLength = fill(this.#literals, this.#window.subarray(0, size), at);
  }
}

/** The last of `count` ascending values that is not above `most`; the first always counts. */
function lastUpTo(count: number, most: number, valueOf: (index: number) => number): number {
  let low = 0;
  for (let high = count; high - low > 1;) {
    const middle = (low + high) >>> 1;
    if (valueOf(middle) <= most) low = middle;
    else high = middle;
  }
  return low;
}

/** Reads as much as there is. */
function fill(store: Store, into: Buffer, position: number): number {
  let length = 0;
  while (length < into.length) {
    const more = store.read(into.subarray(length), position + length);
    if (more === 0) break;
    length += more;
  }
  return length;
}
