import { cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { editTree } from '../support/edits.ts';
import { gnupgHome } from '../support/gnupg.ts';
import { type Listed, listing } from '../support/listing.ts';
import { essence, gpgEnv, type Mode, MODES, perform, type Program, PROGRAMS } from '../support/programs.ts';
import { seeded } from '../support/random.ts';
import { treeOf } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { timeOfSet } from '../support/times.ts';
import { requireReference, requireRoot, requireTool } from '../support/tools.ts';
import { addBorders, makeTree } from '../support/trees.ts';

// `CHAINS=all`: in every mode, and random histories of up to twelve increments, HISTORIES of them.
const isLong = process.env['CHAINS'] === 'all';
const HISTORIES = Number(process.env['HISTORIES'] ?? 12);
const SLOW_MACHINE_MS = 1_200_000;

const canRun = requireReference() && requireTool('python3') && requireRoot() && requireTool('gpg');

/** A chain that both have made, and what it restored to before anything became one. */
interface Chain {
  readonly dir: string;
  readonly mode: Mode;
  readonly env: Record<string, string>;
  /** By number of the set. */
  readonly states: Listed[][];
}

const urlOf = ({ dir }: Chain): string => `file://${dir}/remote`;
const at = (k: number): string => String(timeOfSet(k));

function act(chain: Chain, program: Program, words: readonly string[], home = `${chain.dir}/${program}`) {
  return perform(program, words, { home, cwd: chain.dir, env: chain.env });
}

async function backUp(chain: Chain, program: Program, k: number): Promise<void> {
  const kind = k === 0 ? 'full' : 'incremental';
  const words = [kind, '--current-time', at(k), '--volsize', '1', ...chain.mode.writing, `${chain.dir}/src`];
  await act(chain, program, [...words, urlOf(chain)]);
}

async function restored(chain: Chain, program: Program, k: number): Promise<Listed[]> {
  const target = `${tempDir(chain.dir)}/out`;
  const words = ['restore', '--time', at(k), ...chain.mode.reading, urlOf(chain), target];
  await act(chain, program, words, `${chain.dir}/reader ${program}`);
  const tree = listing(target);
  rmSync(target, { recursive: true });
  return tree;
}

function squash(chain: Chain, from: number, to: number, home?: string): Promise<unknown> {
  const words = ['squash', '--from', at(from), '--to', at(to), '--force', '--volsize', '1', ...chain.mode.writing];
  return act(chain, 'ours', [...words, urlOf(chain)], home);
}

/** The full by the reference, then in turn, or as `by` says. */
async function make(
  mode: Mode,
  last: number,
  become: (source: string, k: number) => void,
  by: (k: number) => Program = (k) => (k % 2 === 0 ? 'the reference' : 'ours'),
): Promise<Chain> {
  const dir = tempDir();
  const chain: Chain = { dir, mode, env: mode.isEncrypted ? gpgEnv(gnupgHome()) : {}, states: [] };
  for (let k = 0; k <= last; k++) {
    become(`${dir}/src`, k);
    await backUp(chain, k === 0 ? 'the reference' : by(k), k);
  }
  for (let k = 0; k <= last; k++) chain.states.push(await restored(chain, 'ours', k));
  return chain;
}

async function expectStates(chain: Chain, sets: readonly number[], programs = PROGRAMS): Promise<void> {
  for (const program of programs) {
    for (const k of sets) expect(await restored(chain, program, k)).toEqual(chain.states[k]);
  }
}

async function expectSameLists(chain: Chain, k: number): Promise<void> {
  const list = ['list-current-files', '--time', at(k), ...chain.mode.reading, urlOf(chain)];
  const [ours, theirs] = [await act(chain, 'ours', list), await act(chain, 'the reference', list)];
  expect(essence(ours)).toBe(essence(theirs));
}

function golden(source: string, k: number): void {
  if (k <= 4) makeTree('O', source, k as 0 | 1 | 2 | 3 | 4);
  addBorders(source, k);
}

/** Not what the steps make anew by name. */
function editable(source: string): Listed[] {
  return listing(source).filter(({ path }) => !path.startsWith('zz borders') && !path.endsWith('a new file'));
}

const { plain, gz, symmetric, publicKey, signed, hidden } = MODES;

describe.runIf(canRun).each(isLong ? [plain, gz, symmetric, publicKey, signed, hidden] : [signed])(
  'odd files and such of several volumes, $name',
  (mode) => {
    test(
      'are restored by both once increments have become one, and both go on',
      async () => {
        const last = isLong ? 4 : 3;
        const chain = await make(mode, last, golden);
        await squash(chain, 1, 3);
        await expectStates(chain, isLong ? [0, 1, 3, 4] : [3], isLong ? PROGRAMS : ['the reference']);
        // A machine that knows nothing of it takes the rest, and what has been one already.
        await squash(chain, 0, last, tempDir(chain.dir));
        await expectStates(chain, isLong ? [0, 4] : [3], isLong ? PROGRAMS : ['the reference']);
        await expectSameLists(chain, last);
        for (const [i, program] of PROGRAMS.entries()) {
          addBorders(`${chain.dir}/src`, 5 + i);
          await backUp(chain, program, 5 + i);
        }
        const [ours, theirs] = [await restored(chain, 'ours', 6), await restored(chain, 'the reference', 6)];
        expect(theirs).toEqual(ours);
        expect(ours.filter(({ path }) => path.includes('new 6'))).toHaveLength(1);
      },
      SLOW_MACHINE_MS,
    );
  },
);

describe.runIf(canRun && isLong)('random histories', () => {
  test.each(Array.from({ length: HISTORIES }, (_, i) => i + 1))(
    'number %i is what it was, for both',
    async (seed) => {
      const random = seeded(seed);
      const pick = (count: number): number => Math.floor(random() * count);
      const mode = [plain, gz, symmetric, publicKey, signed, hidden][seed % 6] ?? gz;
      const last = 3 + pick(10);
      const chain = await make(
        mode,
        last,
        (source, k) => {
          if (k === 0) makeTree('L', source, 0);
          else editTree(source, editable(source), { oneIn: 3, seed: 100 * seed + k, time: timeOfSet(k) - 60 });
          addBorders(source, k % 5);
        },
        () => PROGRAMS[pick(2)] ?? 'ours',
      );
      let sets = [...chain.states.keys()];
      let isWhole = true;
      while (sets.length > 2) {
        const from = pick(sets.length - 2);
        const to = from + 2 + pick(sets.length - 2 - from);
        await squash(chain, sets[from] ?? 0, sets[to] ?? 0);
        const ends = [sets[from] ?? 0, sets[to] ?? 0];
        sets = sets.filter((_k, i) => i <= from || i >= to);
        // Once all of them, the others where something may have gone wrong.
        await expectStates(chain, isWhole ? sets : ends);
        isWhole = false;
      }
      await expectSameLists(chain, last);
      addBorders(`${chain.dir}/src`, 6);
      await backUp(chain, PROGRAMS[seed % 2] ?? 'ours', last + 1);
      expect(await restored(chain, 'ours', last + 1)).toEqual(await restored(chain, 'the reference', last + 1));
      rmSync(chain.dir, { recursive: true });
    },
    SLOW_MACHINE_MS,
  );
});

describe.runIf(canRun)('what a squash that was cut off leaves', () => {
  let chain: Chain;
  /** What was there before it, and after it. */
  let before: readonly string[];
  let after: readonly string[];
  const LAST = 3;

  beforeAll(async () => {
    chain = await make(gz, LAST, (source, k) => {
      mkdirSync(source, { recursive: true });
      addBorders(source, k);
    });
    before = readdirSync(`${chain.dir}/remote`);
    cpSync(`${chain.dir}/remote`, `${chain.dir}/all`, { recursive: true });
    await squash(chain, 0, LAST);
    after = readdirSync(`${chain.dir}/remote`);
    cpSync(`${chain.dir}/remote`, `${chain.dir}/all`, { recursive: true });
  }, SLOW_MACHINE_MS);

  /** What is gone at some point: all of the oldest sets, and of the next one what goes first. */
  function goneAt(point: number): ReadonlySet<string> {
    const rank = (name: string): number =>
      ['.manifest', '.sigtar', '.difftar'].findIndex((part) => name.includes(part));
    const start = (name: string): string => /\.(\w+)\.to\./.exec(name)?.[1] ?? '';
    const old = before.filter((name) => !after.includes(name));
    const number = (name: string): number => Number(/\.vol(\d+)/.exec(name)?.[1] ?? 0);
    const order = old.toSorted(
      (a, b) => start(a).localeCompare(start(b)) || rank(a) - rank(b) || number(b) - number(a),
    );
    return new Set(order.slice(0, point));
  }

  // Three sets with a manifest, volumes and signatures each.
  const POINTS = isLong ? Array.from({ length: 20 }, (_, i) => i) : [4];
  test.each(POINTS)(
    'after %i deletions is restored and continued by the reference',
    async (point) => {
      const cut: Chain = { ...chain, dir: tempDir(chain.dir), states: chain.states };
      const gone = goneAt(point);
      cpSync(`${chain.dir}/all`, `${cut.dir}/remote`, {
        recursive: true,
        filter: (path) => !gone.has(path.slice(path.lastIndexOf('/') + 1)),
      });
      cpSync(`${chain.dir}/src`, `${cut.dir}/src`, { recursive: true, preserveTimestamps: true });
      await expectStates(cut, isLong ? [0, LAST] : [LAST], isLong ? PROGRAMS : ['the reference']);
      for (const [i, program] of PROGRAMS.toReversed().entries()) {
        addBorders(`${cut.dir}/src`, LAST + 1 + i);
        const words = ['incremental', '--allow-source-mismatch', '--current-time', at(LAST + 1 + i), ...gz.writing];
        await act(cut, program, [...words, `${cut.dir}/src`, urlOf(cut)]);
      }
      const [ours, theirs] = [await restored(cut, 'ours', LAST + 2), await restored(cut, 'the reference', LAST + 2)];
      expect(theirs).toEqual(ours);
      expect(ours).toEqual(treeOf(`${cut.dir}/src`));
      await squash(cut, 0, LAST);
      await expectStates(cut, [0, LAST], ['ours']);
      const names = readdirSync(`${cut.dir}/remote`);
      expect(before.filter((name) => !after.includes(name) && names.includes(name))).toEqual([]);
    },
    SLOW_MACHINE_MS,
  );
});
