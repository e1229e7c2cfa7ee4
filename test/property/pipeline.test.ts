import { rmSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runCleanup } from '../../src/cli/run/remove.ts';
import { memoryBackend } from '../../src/testing/memory-backend.ts';
import { act, backUp, machine, restored } from '../support/in-process.ts';
import type { Listed } from '../support/listing.ts';
import { copyOf, type Moment, photographed } from '../support/moments.ts';
import { materialise, options, tree, type Tree } from '../support/random-trees.ts';
import { names } from '../support/scene.ts';

// Whole backups and restores in this process, to and from a storage in memory. RUNS of the environment lengthens a run.
const RUNS = Number(process.env['RUNS'] ?? 6);
const TIMEOUT = { timeout: 180_000 + RUNS * 2000 };

test('every set of a chain restores to what the source was, whatever the volumes', TIMEOUT, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(tree, options), { minLength: 1, maxLength: 4 }), async (sets) => {
      const on = machine();
      const memory = memoryBackend();
      const states: Listed[][] = [];
      let before: Tree = new Map();
      for (const [k, [tree, settings]] of sets.entries()) {
        states.push(materialise(on.source, tree, before, k));
        await backUp(on, memory, k, settings);
        before = tree;
      }
      for (const [k, state] of states.entries()) expect(await restored(on, memory, k)).toEqual(state);
      expect(names(`${on.dir}/tmp`)).toEqual([]);
      // A machine that knows nothing yet sees the same.
      const other = machine();
      expect(await restored(other, memory, sets.length)).toEqual(states.at(-1));
      rmSync(on.dir, { recursive: true });
    }),
    { numRuns: RUNS },
  );
});

test('the members of all volumes together do not depend on the size of the volumes', TIMEOUT, async () => {
  await fc.assert(
    fc.asyncProperty(tree, fc.integer({ min: 65_536, max: 300_000 }), async (tree, volsize) => {
      const on = machine();
      materialise(on.source, tree, new Map(), 0);
      const streams: Buffer[] = [];
      for (const size of [volsize, 100_000_000]) {
        const memory = memoryBackend();
        rmSync(on.archive, { recursive: true, force: true });
        await backUp(on, memory, 0, { volsize: size, noCompression: true });
        const volumes = [...memory.files].filter(([name]) => name.includes('.vol'));
        const numbered = volumes.map(([name, bytes]) => ({ number: Number(/\.vol(\d+)\./.exec(name)?.[1]), bytes }));
        streams.push(Buffer.concat(numbered.toSorted((a, b) => a.number - b.number).map(({ bytes }) => bytes)));
      }
      expect(streams[0]?.equals(streams[1] ?? Buffer.alloc(0))).toBe(true);
      rmSync(on.dir, { recursive: true });
    }),
    { numRuns: RUNS },
  );
});

/** Every path is as it is in one of the trees, never something in between. */
function expectEachFrom(tree: readonly Listed[], ...sources: (readonly Listed[] | undefined)[]): void {
  const known = sources.flatMap((source) => source ?? []).map((entry) => JSON.stringify(entry));
  for (const entry of tree) expect(known).toContain(JSON.stringify(entry));
}

/** The last moments are those of signatures and manifest; of the volumes some will do. */
function some(moments: readonly Moment[], from: number): readonly Moment[] {
  return moments.filter((_moment, i) => i >= moments.length - 5 || i % 5 === from % 5);
}

test(
  'a backup that dies at any upload goes on whatever happens to the source, and the one after has it all',
  TIMEOUT,
  async () => {
    await fc.assert(
      fc.asyncProperty(tree, tree, tree, options, fc.nat(), async (first, second, third, settings, from) => {
        const on = machine();
        const memory = memoryBackend();
        const { concurrency: _inLine, ...inLine } = settings;
        const states = [materialise(on.source, first, new Map(), 0)];
        await backUp(on, memory, 0, settings);
        states.push(materialise(on.source, second, first, 1));
        const { backend, moments } = photographed(memory, on);
        await backUp(on, backend, 1, inLine);
        states.push(materialise(on.source, third, second, 2));
        for (const { files, archive, isComplete } of some(moments, from)) {
          const found = copyOf(files);
          const survivor = { ...on, archive };
          expect(await restored(survivor, found, 9)).toEqual(states[isComplete ? 1 : 0]);
          await backUp(survivor, found, 2, settings);
          expect(await restored(survivor, found, 0)).toEqual(states[0]);
          expectEachFrom(await restored(survivor, found, 2), states[1], states[2]);
          await backUp(survivor, found, 3, settings);
          expect(await restored(survivor, found, 3)).toEqual(states[2]);
          const before = [...found.files.keys()];
          await act(survivor, found, 4, { force: true }, (session) => runCleanup(session, session.settings));
          expect([...found.files.keys()]).toEqual(before);
        }
        rmSync(on.dir, { recursive: true });
      }),
      { numRuns: Math.ceil(RUNS / 2) },
    );
  },
);

test('a backup that dies at any upload and goes on without a change is the same set', TIMEOUT, async () => {
  await fc.assert(
    fc.asyncProperty(tree, tree, options, fc.nat(), async (first, second, settings, from) => {
      const on = machine();
      const memory = memoryBackend();
      const { concurrency: _inLine, ...inLine } = settings;
      materialise(on.source, first, new Map(), 0);
      await backUp(on, memory, 0, settings);
      const state = materialise(on.source, second, first, 1);
      const { backend, moments } = photographed(memory, on);
      await backUp(on, backend, 1, inLine);
      const lists = [...memory.files].filter(([name]) => /inc.*manifest$/.test(name));
      const changed = (text: Buffer | undefined): string =>
        /Filelist[^]*/.exec(text?.toString('latin1') ?? '')?.[0] ?? '';
      for (const { files, archive } of some(moments, from)) {
        const found = copyOf(files);
        const survivor = { ...on, archive };
        await backUp(survivor, found, 1, inLine);
        expect(await restored(survivor, found, 1)).toEqual(state);
        for (const [name, bytes] of lists) expect(changed(found.files.get(name))).toBe(changed(bytes));
      }
      rmSync(on.dir, { recursive: true });
    }),
    { numRuns: Math.ceil(RUNS / 2) },
  );
});
