/** Below this a block costs more to hand over than to copy. */
export const GATHER_BYTES = 64 * 1024;

/** Collects small blocks into runs of at least `size()` bytes, asked anew for each block. */
export interface Gatherer {
  /** The whole run when this block completes one. */
  add(block: Buffer): readonly Buffer[] | undefined;
  /** What is left, perhaps nothing. */
  rest(): readonly Buffer[];
}

export function gatherer(size: () => number): Gatherer {
  let held: Buffer[] = [];
  let length = 0;
  const take = (): readonly Buffer[] => {
    const run = held;
    held = [];
    length = 0;
    return run;
  };
  return {
    add(block) {
      if (block.length === 0) return undefined;
      held.push(block);
      length += block.length;
      return length < size() ? undefined : take();
    },
    rest: take,
  };
}

/** One buffer of a run; a single block is not copied. */
export function join(run: readonly Buffer[]): Buffer {
  const first = run[0];
  if (run.length === 1 && first) return first;
  let length = 0;
  for (const block of run) length += block.length;
  const joined = Buffer.allocUnsafeSlow(length);
  let at = 0;
  for (const block of run) at += block.copy(joined, at);
  return joined;
}

/** The same bytes in blocks of at least `GATHER_BYTES`; only the last may be shorter. */
export async function* gathered(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const held = gatherer(() => GATHER_BYTES);
  for await (const block of source) {
    const run = held.add(block);
    if (run) yield join(run);
  }
  const rest = held.rest();
  if (rest.length > 0) yield join(rest);
}
