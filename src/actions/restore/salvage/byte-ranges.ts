import type { ByteRange } from '../../../events/verdict.ts';

/** Puts ranges together that come in ascending order; neighbours become one. */
export class ByteRanges {
  readonly #all: { from: number; to: number }[] = [];

  add(from: number, to: number): void {
    if (from >= to) return;
    const last = this.#all.at(-1);
    if (last !== undefined && last.to >= from) last.to = Math.max(last.to, to);
    else this.#all.push({ from, to });
  }

  get all(): readonly ByteRange[] {
    return this.#all;
  }
}

export function bytesIn(ranges: readonly ByteRange[]): number {
  return ranges.reduce((sum, { from, to }) => sum + to - from, 0);
}

/** The parts of `from` to `to` that lie in ranges, which are ascending. */
export function* within(ranges: readonly ByteRange[], from: number, to: number): Generator<ByteRange> {
  // The first that ends behind `from`: deltas copy in any order.
  let [low, high] = [0, ranges.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ranges[middle]?.to ?? 0) <= from) low = middle + 1;
    else high = middle;
  }
  for (let i = low; i < ranges.length; i++) {
    const range = ranges[i];
    if (range === undefined || range.from >= to) return;
    yield { from: Math.max(from, range.from), to: Math.min(to, range.to) };
  }
}

/** What either has. */
export function either(a: readonly ByteRange[], b: readonly ByteRange[]): readonly ByteRange[] {
  const all = new ByteRanges();
  for (const { from, to } of [...a, ...b].toSorted((x, y) => x.from - y.from)) all.add(from, to);
  return all.all;
}

/** What both have. */
export function common(a: readonly ByteRange[], b: readonly ByteRange[]): readonly ByteRange[] {
  const both = new ByteRanges();
  for (const { from, to } of a) for (const part of within(b, from, to)) both.add(part.from, part.to);
  return both.all;
}
