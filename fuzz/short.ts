import { seeded } from '../test/support/random.ts';
import { CORPUS, FINDS, stored } from './files.ts';
import { below, mutated } from './mutate.ts';
import { mostCpu, signatureOf, type Target, tryInput } from './target.ts';

/** Of each target, by what an input of it costs. */
const RUNS = 60;
const CPU_MS = 100;

interface ShortOptions {
  readonly targets: readonly Target[];
  readonly seed: number;
  /** Told before an input is tried. */
  readonly onTry: (input: Buffer) => void;
  /** An input with a name, or all that were made of the seeds of a target, have been read. */
  readonly onRead: (target: string, what: string, wrong: string | undefined) => void;
}

/** Reads all stored inputs of all targets, and some that are made of them: the same for the same seed. */
export async function short({ targets, seed, onTry, onRead }: ShortOptions): Promise<void> {
  for (const target of targets) {
    const kept = [CORPUS, FINDS].flatMap((folder) => stored(folder, target.name));
    for (const { name, bytes } of kept) onRead(target.name, name, await wrongWith(target, bytes, onTry));
    const own = target.seeds().map((one) => Buffer.from(one));
    for (const [k, bytes] of own.entries()) onRead(target.name, `seed ${k}`, await wrongWith(target, bytes, onTry));
    const seeds = [...own, ...kept.map(({ bytes }) => bytes)];
    onRead(target.name, 'drawn inputs', await drawn(target, seeds, { seed, onTry }));
  }
}

async function drawn(
  target: Target,
  seeds: readonly Buffer[],
  { seed, onTry }: Pick<ShortOptions, 'seed' | 'onTry'>,
): Promise<string | undefined> {
  const random = seeded(seed);
  const words = (target.words ?? []).map((word) => Buffer.from(word));
  const any = (): Buffer => seeds[below(seeds.length, random)] ?? Buffer.alloc(0);
  const begin = process.cpuUsage();
  for (let runs = 0; runs < RUNS; runs++) {
    const { user, system } = process.cpuUsage(begin);
    if ((user + system) / 1000 > CPU_MS) break;
    const input = mutated(any(), { random, words, other: any(), most: 4096 });
    const wrong = await wrongWith(target, input, onTry);
    if (wrong !== undefined) return `${wrong}, of ${input.toString('base64').slice(0, 400)}`;
  }
  return undefined;
}

async function wrongWith(target: Target, input: Buffer, onTry: (input: Buffer) => void): Promise<string | undefined> {
  onTry(input);
  const { wrong, took } = await tryInput(target, input);
  if (wrong !== undefined) return signatureOf(wrong);
  if (took <= mostCpu(input)) return undefined;
  // The first time code is made of what is run.
  const again = await tryInput(target, input);
  return again.took > mostCpu(input) ? `it takes ${Math.round(again.took)} ms` : undefined;
}
