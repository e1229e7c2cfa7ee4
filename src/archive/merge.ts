import { type BytePath, comparePaths } from '../util/bytepath.ts';
import type { Soon } from '../util/soon.ts';
import type { Entry, EntryStream } from './entry.ts';

/** A path and the streams that hold an entry for it. */
export interface Meeting {
  readonly path: BytePath;
  /** Indices of the streams, ascending: oldest to newest if the streams are. Never empty. */
  readonly holders: readonly number[];
}

/**
 * Walks several streams in index order at once, a path at a time. Until the next call of `next` all holders of the path
 * stand at their entry, whose body can be read. Answers at once as long as the streams do.
 */
export class Merge {
  readonly #streams: readonly EntryStream[];
  /** The entry each stream stands at. */
  readonly #entries: (Entry | undefined)[];
  /** Indices of streams that are not at their end, as a binary heap by path, then index. */
  readonly #heap: number[] = [];
  /** Streams that have to step on before the next path is known, and how many of them have. */
  #waiting: readonly number[];
  #stepped = 0;

  constructor(streams: readonly EntryStream[]) {
    this.#streams = streams;
    this.#entries = streams.map(() => undefined);
    this.#waiting = streams.map((_stream, index) => index);
  }

  next(): Soon<Meeting | undefined> {
    while (this.#stepped < this.#waiting.length) {
      const index = this.#waiting[this.#stepped] ?? 0;
      const entry = this.#streams[index]?.next();
      if (entry instanceof Promise) return this.#nextLater(index, entry);
      this.#step(index, entry);
    }
    return this.#meet();
  }

  /** What stream `index` holds for the path of the last meeting. */
  entryOf(index: number): Entry {
    const entry = this.#entries[index];
    if (entry === undefined) throw new Error(`stream ${index} stands at no entry`);
    return entry;
  }

  /** The next bytes of the body of that entry. */
  read(index: number): Soon<Buffer | undefined> {
    return this.#streams[index]?.read();
  }

  async close(): Promise<void> {
    const results = await Promise.allSettled(this.#streams.map((stream) => stream.close()));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  async #nextLater(index: number, first: Promise<Entry | undefined>): Promise<Meeting | undefined> {
    this.#step(index, await first);
    return this.next();
  }

  #step(index: number, entry: Entry | undefined): void {
    this.#stepped++;
    this.#entries[index] = entry;
    // A lone holder was left on top of the heap: the usual case, and cheaper than taking it out and putting it back.
    if (this.#heap[0] === index) {
      if (entry === undefined) this.#pop();
      else this.#sink(index);
    } else if (entry !== undefined) {
      this.#push(index);
    }
  }

  #meet(): Meeting | undefined {
    const heap = this.#heap;
    const top = heap[0];
    if (top === undefined) return undefined;
    const { path } = this.entryOf(top);
    const holders = [top];
    if (this.#holds(heap[1], path) || this.#holds(heap[2], path)) {
      this.#pop();
      // Equal paths come out of the heap by ascending index.
      for (let index = heap[0]; index !== undefined && this.#holds(index, path); index = heap[0]) {
        holders.push(index);
        this.#pop();
      }
    }
    this.#waiting = holders;
    this.#stepped = 0;
    return { path, holders };
  }

  #holds(index: number | undefined, path: BytePath): boolean {
    return index !== undefined && this.#entries[index]?.path === path;
  }

  #push(index: number): void {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above] ?? 0;
      if (this.#precedes(parent, index)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = index;
  }

  /** Removes the top. */
  #pop(): void {
    const last = this.#heap.pop();
    if (last !== undefined && this.#heap.length > 0) this.#sink(last);
  }

  /** Puts `index` on top, in place of what is there, and restores the order. */
  #sink(index: number): void {
    const heap = this.#heap;
    const { length } = heap;
    let at = 0;
    for (let below = 1; below < length; below = 2 * at + 1) {
      if (below + 1 < length && this.#precedes(heap[below + 1] ?? 0, heap[below] ?? 0)) below++;
      const child = heap[below] ?? 0;
      if (this.#precedes(index, child)) break;
      heap[at] = child;
      at = below;
    }
    heap[at] = index;
  }

  #precedes(a: number, b: number): boolean {
    const order = comparePaths(this.#entries[a]?.path ?? '', this.#entries[b]?.path ?? '');
    return order < 0 || (order === 0 && a < b);
  }
}

/** Streams ordered oldest to newest. */
export function mergeStreams(streams: readonly EntryStream[]): Merge {
  return new Merge(streams);
}
