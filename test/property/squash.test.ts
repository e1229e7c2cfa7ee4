import { rmSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readManifest } from '../../src/archive/manifest/manifest-reader.ts';
import { prune, type PruneResult } from '../../src/actions/remove/prune.ts';
import type { Repository } from '../../src/repository/repository.ts';
import { runCleanup } from '../../src/cli/run/remove.ts';
import { runSquash } from '../../src/cli/run/squash.ts';
import type { Backend } from '../../src/backends/backend.ts';
import { entries } from '../../src/actions/list/entries.ts';
import { type MemoryBackend, memoryBackend } from '../../src/testing/memory-backend.ts';
import { act, ask, backUp, type Machine, machine, restored } from '../support/in-process.ts';
import type { Listed } from '../support/listing.ts';
import { copyOf, photographed } from '../support/moments.ts';
import { materialise, options, tree, type Tree } from '../support/random-trees.ts';
import { timeOfSet } from '../support/times.ts';

// Whole chains in this process, in a storage in memory. SQUASH_RUNS of the environment lengthens a run.
const RUNS = Number(process.env['SQUASH_RUNS'] ?? 6);
const TIMEOUT = { timeout: 180_000 + RUNS * 5000 };

type Sets = readonly (readonly [Tree, Parameters<typeof backUp>[3]])[];

const sets = (most: number): fc.Arbitrary<Sets> => fc.array(fc.tuple(tree, options), { minLength: 4, maxLength: most });
/** The set before and the last one of what becomes one, of `count` sets. */
const share = fc.double({ min: 0, max: 0.999, noNaN: true });
const range = fc.tuple(share, share);

function within(count: number, [a, b]: readonly [number, number]): readonly [number, number] {
  const from = Math.floor(a * (count - 2));
  return [from, from + 2 + Math.floor(b * (count - 2 - from))];
}

/** Makes the chain; what the source was at each set. */
async function chain(on: Machine, backend: Backend, sets: Sets, days = 1): Promise<Listed[][]> {
  const states: Listed[][] = [];
  let before: Tree = new Map();
  for (const [k, [tree, settings]] of sets.entries()) {
    states.push(materialise(on.source, tree, before, days * k));
    await backUp(on, backend, days * k, settings);
    before = tree;
  }
  return states;
}

const squash = (
  on: Machine,
  backend: Backend,
  [from, to]: readonly [number, number],
  settings: Parameters<typeof backUp>[3],
): Promise<unknown> =>
  act(on, backend, 50, { ...settings, force: true, from: timeOfSet(from), to: timeOfSet(to) }, (session) =>
    runSquash(session, session.settings),
  );

/** What is listed of a set. */
const listed = (on: Machine, backend: Backend, k: number): Promise<object[]> =>
  ask(on, backend, async (repository) => {
    const all: object[] = [];
    for await (const { size: _size, ...entry } of entries(repository, { time: timeOfSet(k), path: '' as never }))
      all.push(entry);
    return all;
  });

/** The list of changed files of a set, by path. */
async function changesOf(memory: MemoryBackend, [from, to]: readonly [number, number]): Promise<Map<string, string>> {
  const found = [...memory.files].find(([name]) => name.includes(`inc.${stamp(from)}.to.${stamp(to)}.manifest`));
  const changes = new Map<string, string>();
  await readManifest(once(found?.[1] ?? Buffer.alloc(0)), { onFile: (change, path) => changes.set(path, change) });
  return changes;
}

function stamp(k: number): string {
  return new Date(timeOfSet(k) * 1000).toISOString().replace(/[-:]|\.\d+/g, '');
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

test('all states that stay are what they were, whatever becomes one, and backups go on', TIMEOUT, async () => {
  await fc.assert(
    fc.asyncProperty(sets(7), range, options, async (sets, share, settings) => {
      const on = machine();
      const memory = memoryBackend();
      const states = await chain(on, memory, sets);
      const [from, to] = within(sets.length, share);
      const before = await listed(on, memory, to);
      await squash(on, memory, [from, to], settings);
      const stays = [...states.keys()].filter((k) => k <= from || k >= to);
      const other = machine();
      for (const k of stays) expect(await restored(other, memory, k)).toEqual(states[k]);
      expect(await listed(other, memory, to)).toEqual(before);
      // All that is left becomes one, by a machine that knew nothing of it, and the next backup builds on that.
      if (stays.length > 2) await squash(other, memory, [0, sets.length - 1], settings);
      const next = materialise(on.source, sets[0]?.[0] ?? new Map(), sets.at(-1)?.[0] ?? new Map(), sets.length);
      await backUp(on, memory, sets.length, settings);
      expect(await restored(on, memory, 0)).toEqual(states[0]);
      expect(await restored(on, memory, sets.length - 1)).toEqual(states.at(-1));
      expect(await restored(on, memory, sets.length)).toEqual(next);
      expect([...memory.files.keys()].filter((name) => name.endsWith('manifest'))).toHaveLength(3);
      rmSync(on.dir, { recursive: true });
      rmSync(other.dir, { recursive: true });
    }),
    { numRuns: RUNS },
  );
});

test('what it lists as changed is what one increment from the first to the last would list', TIMEOUT, async () => {
  await fc.assert(
    fc.asyncProperty(sets(5), options, async (sets, settings) => {
      const on = machine();
      const memory = memoryBackend();
      await chain(on, memory, sets.slice(0, 1));
      const direct = copyOf(memory.files);
      const last = sets.length - 1;
      let before = sets[0]?.[0] ?? new Map();
      for (const [k, [tree]] of sets.entries()) {
        if (k === 0) continue;
        materialise(on.source, tree, before, k);
        await backUp(on, memory, k, settings);
        before = tree;
      }
      await squash(on, memory, [0, last], settings);
      const found = await changesOf(memory, [0, last]);
      // The source is what it was at the last set.
      await backUp({ ...on, archive: `${on.dir}/other` }, direct, last, settings);
      const wanted = await changesOf(direct, [0, last]);
      for (const [path, change] of wanted) {
        // A file that was gone in between is stored anew.
        const others = change === 'changed' ? ['changed', 'new'] : [change];
        expect([path, ...others]).toContain(found.get(path));
      }
      // What was changed and changed back is in the sets, though not in one increment.
      const others = [...found].filter(([path]) => !wanted.has(path)).map(([, change]) => change);
      expect(others).not.toContain('deleted');
      rmSync(on.dir, { recursive: true });
    }),
    { numRuns: RUNS },
  );
});

test(
  'one that dies at any upload or deletion loses no state that stays, and is done by the next',
  TIMEOUT,
  async () => {
    await fc.assert(
      fc.asyncProperty(sets(5), range, options, fc.nat(5), async (sets, share, settings, start) => {
        const on = machine();
        const memory = memoryBackend();
        const states = await chain(on, memory, sets);
        const whole = within(sets.length, share);
        const [from, to] = whole;
        const { concurrency: _inLine, ...inLine } = settings;
        const { backend, moments } = photographed(memory, on);
        await squash(on, backend, whole, inLine);
        const stays = [...states.keys()].filter((k) => k <= from || k >= to);
        // Of the volumes some will do; each manifest matters.
        const some = moments.filter(({ files }, i) => i % 6 === start || isAtManifest(files, moments[i - 1]?.files));
        for (const { files, archive, isComplete } of some) {
          const found = copyOf(files);
          const survivor = { ...on, archive };
          const there = isComplete ? stays : states.keys();
          for (const k of there) expect(await restored(survivor, found, k)).toEqual(states[k]);
          await squash(survivor, found, whole, inLine);
          expect([...found.files.keys()].toSorted()).toEqual([...memory.files.keys()].toSorted());
          await act(survivor, found, 51, { force: true }, (session) => runCleanup(session, session.settings));
          expect([...found.files.keys()].toSorted()).toEqual([...memory.files.keys()].toSorted());
          for (const k of stays.slice(-2)) expect(await restored(survivor, found, k)).toEqual(states[k]);
        }
        rmSync(on.dir, { recursive: true });
      }),
      { numRuns: Math.ceil(RUNS / 3) },
    );
  },
);

test('prune can squash what no rule takes, and does nothing more the next time', TIMEOUT, async () => {
  const rules = fc.record({ last: fc.integer({ min: 1, max: 2 }), weekly: fc.nat(3), monthly: fc.nat(2) });
  await fc.assert(
    fc.asyncProperty(sets(8), options, rules, async (sets, { volsize }, policy) => {
      const on = machine();
      const memory = memoryBackend();
      // Every third day.
      const states = await chain(on, memory, sets, 3);
      const squash = { volumeSize: volsize ?? 1_000_000, concurrency: 0, listsFiles: true, signer: undefined };
      const pruned = (force: boolean): Promise<PruneResult> =>
        answerOf(on, memory, (repository) => prune(repository, { policy, force, squash }));
      const plan = await pruned(false);
      const wanted = plan.sets.filter(({ fate }) => fate.kind === 'wanted').map(({ end }) => end);
      const done = await pruned(true);
      expect(done.squashes.map(({ set, squashed }) => ({ set, squashed }))).toEqual(
        plan.squashes.map(({ set, squashed }) => ({ set, squashed })),
      );
      for (const [k, state] of states.entries()) {
        const isWanted = k === 0 || wanted.includes(timeOfSet(3 * k));
        const before = states.findLast((_state, i) => i <= k && (i === 0 || wanted.includes(timeOfSet(3 * i))));
        expect(await restored(on, memory, 3 * k)).toEqual(isWanted ? state : before);
      }
      const left = new Set([timeOfSet(0), ...wanted]);
      expect([...memory.files.keys()].filter((name) => name.endsWith('manifest'))).toHaveLength(left.size);
      const again = await pruned(true);
      expect([again.removed, again.squashes]).toEqual([[], []]);
      rmSync(on.dir, { recursive: true });
    }),
    { numRuns: RUNS },
  );
});

async function answerOf<T>(on: Machine, backend: Backend, question: (of: Repository) => Promise<T>): Promise<T> {
  let answer: T | undefined;
  await act(on, backend, 60, {}, async (session) => {
    answer = await question(session);
    return 0;
  });
  return answer as T;
}

/** Of the two one has a manifest that the other has not. */
function isAtManifest(files: ReadonlyMap<string, Buffer>, before: ReadonlyMap<string, Buffer> = new Map()): boolean {
  const manifests = (all: ReadonlyMap<string, Buffer>): string =>
    [...all.keys()].filter((name) => name.endsWith('manifest')).join();
  return manifests(files) !== manifests(before);
}
