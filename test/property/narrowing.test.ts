import { mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runList } from '../../src/cli/run/list.ts';
import { runRestore } from '../../src/cli/run/restore.ts';
import { runVerify } from '../../src/cli/run/verify.ts';
import { LocalError } from '../../src/errors/errors.ts';
import { memoryBackend, type MemoryBackend } from '../../src/testing/memory-backend.ts';
import { bytePath } from '../../src/util/bytepath.ts';
import { act, backUp, type Machine, machine } from '../support/in-process.ts';
import { type Listed, partOf } from '../support/listing.ts';
import { noise, treeOf } from '../support/scene.ts';
import { timeOfSet } from '../support/times.ts';

// What is asked of a part of a backup, or of a time, is the same as that part of the whole. Volumes are so small that most
// files have several of them in every set. RUNS of the environment lengthens a run.
const RUNS = Number(process.env['RUNS'] ?? 3);
const TIMEOUT = { timeout: 180_000 + RUNS * 3000 };

/** Large and small ones on either side of each other, and some that stand in the way of others when they are files. */
const PATHS = [
  'a',
  'a/big',
  'a/d/big',
  'a/d/small',
  'a b',
  'a-',
  'a-/big',
  'b',
  'b/big',
  'b/small',
  'c',
  'c/c',
  'c/d',
  'z',
];

/** What becomes of a path from one set to the next. */
const STEPS = [
  'stays',
  'grows',
  'begins otherwise',
  'changes within',
  'shrinks',
  'goes',
  'is a link',
  'is a directory',
] as const;
type Step = (typeof STEPS)[number] | 'comes, large' | 'comes, small';

type Node = Buffer | 'directory' | 'link';
type Tree = ReadonlyMap<string, Node>;

const first = fc.constantFrom<Step>(
  'comes, large',
  'comes, large',
  'comes, small',
  'is a directory',
  'is a link',
  'goes',
);
const later = fc.constantFrom<Step>(
  ...STEPS,
  'stays',
  'grows',
  'grows',
  'changes within',
  'comes, large',
  'comes, small',
);
const stepsOf = (step: fc.Arbitrary<Step>): fc.Arbitrary<readonly Step[]> =>
  fc.array(step, { minLength: PATHS.length, maxLength: PATHS.length });
const chain = fc
  .tuple(stepsOf(first), fc.array(stepsOf(later), { minLength: 2, maxLength: 4 }))
  .map(([full, increments]) => [full, ...increments]);

function after(node: Node | undefined, step: Step, seed: number): Node | undefined {
  const old = node instanceof Buffer ? node : undefined;
  const middle = (old?.length ?? 0) >> 1;
  switch (step) {
    case 'stays':
      return node;
    case 'comes, large':
      return noise(100_000 + (seed % 7) * 40_000, seed);
    case 'comes, small':
      return noise((seed % 5) * 100, seed);
    case 'grows':
      return old === undefined ? node : Buffer.concat([old, noise(90_000, seed)]);
    case 'begins otherwise':
      return old === undefined ? node : Buffer.concat([noise(70_000, seed), old]);
    case 'changes within':
      return old === undefined
        ? node
        : Buffer.concat([old.subarray(0, middle), noise(300, seed), old.subarray(middle)]);
    case 'shrinks':
      return old?.subarray(0, middle) ?? node;
    case 'goes':
      return undefined;
    case 'is a link':
      return 'link';
    case 'is a directory':
      return 'directory';
  }
}

function treeAfter(before: Tree, steps: readonly Step[], k: number): Tree {
  const made = PATHS.map(
    (path, i) => [path, after(before.get(path), steps[i] ?? 'stays', 1 + k * PATHS.length + i)] as const,
  );
  return new Map(made.filter((entry): entry is [string, Node] => entry[1] !== undefined));
}

/** Makes `dir` hold the tree, but what would lie below a file or link; what was not there before gets another time. */
function materialise(dir: string, tree: Tree, before: Tree, k: number): Listed[] {
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir);
  const touched: [path: string, mtime: number][] = [['', timeOfSet(k) - 60]];
  for (const [path, node] of tree) {
    const above = path.split('/').map((_part, i, parts) => parts.slice(0, i).join('/'));
    if (above.some((parent) => (tree.get(parent) ?? 'directory') !== 'directory')) continue;
    const full = `${dir}/${path}`;
    mkdirSync(dirname(full), { recursive: true });
    if (node === 'directory') mkdirSync(full, { recursive: true });
    else if (node === 'link') symlinkSync('nowhere', full);
    else writeFileSync(full, node);
    if (node !== 'link') touched.push([path, before.get(path) === node ? timeOfSet(0) - 3600 : timeOfSet(k) - 60]);
    for (let at = dirname(path); at !== '.'; at = dirname(at)) touched.push([at, timeOfSet(k) - 60]);
  }
  for (const [path, mtime] of touched.toReversed()) utimesSync(`${dir}/${path}`, mtime, mtime);
  return treeOf(dir);
}

interface Question {
  readonly on: Machine;
  readonly memory: MemoryBackend;
  readonly set: number;
  readonly path: string;
}

/** Restores the path, and compares the part of the archive with what came of it. undefined: there is nothing. */
async function restoredPart({ on, memory, set, path }: Question): Promise<Listed[] | undefined> {
  const target = bytePath(`${on.dir}/out`);
  rmSync(target, { recursive: true, force: true });
  const settings = { time: timeOfSet(set), pathToRestore: [bytePath(path)] };
  try {
    await act(on, memory, 9, settings, (session) => runRestore(session, session.settings, { target }));
  } catch (error) {
    if (error instanceof LocalError && error.code === 'RESTORE_PATH_NOT_FOUND') return undefined;
    throw error;
  }
  const said = await act(on, memory, 9, { ...settings, compareData: true }, (session) =>
    runVerify(session, session.settings, { target }),
  );
  const part = treeOf(target);
  expect(said.filter(({ kind }) => kind === 'verified')).toEqual([
    { kind: 'verified', compared: part.length, differences: 0 },
  ]);
  return part;
}

async function listed(on: Machine, memory: MemoryBackend, set: number): Promise<string[]> {
  const said = await act(on, memory, 9, { time: timeOfSet(set) }, (session) => runList(session, session.settings));
  return said.flatMap((event) => (event.kind === 'listed' ? [event.path === '' ? '.' : event.path] : []));
}

test('a part of a backup of any time is that part of the whole', TIMEOUT, async () => {
  await fc.assert(
    fc.asyncProperty(chain, fc.constantFrom(65_536, 150_000), fc.nat(), async (sets, volsize, choice) => {
      const on = machine();
      const memory = memoryBackend();
      const states: Listed[][] = [];
      let before: Tree = new Map();
      for (const [k, steps] of sets.entries()) {
        const tree = treeAfter(before, steps, k);
        states.push(materialise(on.source, tree, before, k));
        await backUp(on, memory, k, { volsize, noCompression: true, maxBlocksize: 512 });
        before = tree;
      }
      for (const [set, state] of states.entries()) {
        const whole = { on, memory, set, path: '' };
        expect(await listed(on, memory, set)).toEqual(state.map(({ path }) => path));
        for (const [i, path] of ['', ...PATHS, 'a/d', 'nowhere'].entries()) {
          if ((i + choice) % 3 !== set % 3) continue;
          const part = partOf(state, path);
          expect([path, await restoredPart({ ...whole, path })]).toEqual([path, part.length === 0 ? undefined : part]);
        }
      }
      rmSync(on.dir, { recursive: true });
    }),
    { numRuns: RUNS },
  );
});
