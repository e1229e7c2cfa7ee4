import type { Coverage } from './coverage.ts';
import { below, mutated, type Random } from './mutate.ts';
import { mostCpu, type Outcome, type Target, tryInput } from './target.ts';

/** Looking at what was run takes some milliseconds: it is done for several inputs at once. */
const BATCH = 24;
const MOST_BYTES = 64 * 1024;

export interface LoopOptions {
  readonly random: Random;
  readonly pool: readonly Buffer[];
  readonly coverage: Coverage;
  readonly isOver: (runs: number) => boolean;
  /** Told of an input before it is tried: it may never end. */
  readonly onTry: (input: Buffer, runs: number) => void;
  readonly onFind: (kind: 'wrong' | 'slow', input: Buffer, outcome: Outcome) => Promise<void>;
  readonly onNew: (input: Buffer) => void;
}

/** Tries inputs made of those that have run something new, and keeps those that do. Answers how many were tried. */
export async function loop(target: Target, options: LoopOptions): Promise<number> {
  const { random, coverage, isOver, onTry, onFind, onNew } = options;
  const pool: Buffer[] = [];
  const words = wordsOf(target, options.pool);
  let runs = 0;

  async function once(input: Buffer): Promise<void> {
    onTry(input, ++runs);
    const outcome = await tryInput(target, input);
    if (outcome.wrong !== undefined) await onFind('wrong', input, outcome);
    else if (outcome.took > mostCpu(input)) await onFind('slow', input, outcome);
  }

  function next(): Buffer {
    const parent = pick(pool, random);
    const most = target.most ?? MOST_BYTES;
    return mutated(parent, { random, words, most, other: pick(pool, random) });
  }

  coverage.take('all');
  for (const input of options.pool) {
    await once(input);
    coverage.take('all');
    pool.push(input);
  }
  if (pool.length === 0) pool.push(Buffer.alloc(0));
  for (let batch = 0; !isOver(runs); batch++) {
    const inputs = Array.from({ length: BATCH }, next);
    // How often loops go round is told of single inputs only.
    const isSingly = batch % 16 === 0;
    if (!isSingly) for (const input of inputs) await once(input);
    if (!isSingly && coverage.take('unseen') === 0) continue;
    for (const input of inputs) {
      await once(input);
      if (coverage.take('all') === 0) continue;
      pool.push(input);
      onNew(input);
    }
  }
  return runs;
}

/** The later an input was found, the more it is worth. */
function pick(pool: readonly Buffer[], random: Random): Buffer {
  const from = random() < 0.5 ? 0 : Math.floor(pool.length * 0.8);
  return pool[from + below(pool.length - from, random)] ?? Buffer.alloc(0);
}

/** Those of the target, and those that stand in its seeds. */
function wordsOf(target: Target, pool: readonly Buffer[]): readonly Buffer[] {
  const words = new Set((target.words ?? []).map((word) => Buffer.from(word).toString('latin1')));
  for (const input of pool.slice(0, 40)) {
    for (const [word] of input.toString('latin1', 0, 4096).matchAll(/[A-Za-z][A-Za-z0-9_:-]{1,30}/g)) words.add(word);
    if (words.size > 400) break;
  }
  return [...words].map((word) => Buffer.from(word, 'latin1'));
}
