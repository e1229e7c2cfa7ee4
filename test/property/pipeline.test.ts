import { chmodSync, cpSync, mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runCleanup } from '../../src/cli/run/remove.ts';
import { runRestore } from '../../src/cli/run/restore.ts';
import type { Backend } from '../../src/backends/backend.ts';
import { type MemoryBackend, memoryBackend } from '../../src/testing/memory-backend.ts';
import { bytePath } from '../../src/util/bytepath.ts';
import { act, backUp, type Machine, machine } from '../support/in-process.ts';
import type { Listed } from '../support/listing.ts';
import { names, noise, treeOf } from '../support/scene.ts';
import { timeOfSet } from '../support/times.ts';

// Whole backups and restores in this process, to and from a storage in memory. SEED and RUNS of the environment repeat
// or lengthen a run.
const RUNS = Number(process.env['RUNS'] ?? 12);
const TIMEOUT = { timeout: 180_000 + RUNS * 2000 };
const SEED = process.env['SEED'] === undefined ? {} : { seed: Number(process.env['SEED']) };

/** One object of a tree; a path that leads through something else than a directory is left out. */
type Node =
  | {
      readonly kind: 'file';
      readonly seed: number;
      readonly length: number;
      readonly edit: number;
      readonly mode: number;
    }
  | { readonly kind: 'dir'; readonly mode: number }
  | { readonly kind: 'link'; readonly to: string };

type Tree = ReadonlyMap<string, Node>;

const component = fc.constantFrom('a', 'b', 'a b', 'a-', 'snapshot', '1', 'é', 'n'.repeat(120));
const path = fc.array(component, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
const length = fc.oneof(
  fc.constantFrom(0, 1, 511, 65_535, 65_536, 65_537, 131_072),
  fc.nat({ max: 3000 }),
  fc.nat({ max: 250_000 }),
);
const node: fc.Arbitrary<Node> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('file' as const),
      seed: fc.nat({ max: 3 }),
      length,
      edit: fc.nat({ max: 4 }),
      mode: fc.constantFrom(0o644, 0o600, 0o755),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('dir' as const), mode: fc.constantFrom(0o755, 0o700) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('link' as const), to: fc.constantFrom('a', '/nowhere', 'é') }),
  },
);
/** Few names and contents, so that the trees of several sets have much in common. */
const tree: fc.Arbitrary<Tree> = fc.array(fc.tuple(path, node), { maxLength: 12 }).map((entries) => new Map(entries));

/** The content: some bytes of a seed, with something put in, taken out or written over. */
function contentOf({ seed, length, edit }: Extract<Node, { kind: 'file' }>): Buffer {
  const base = noise(length, seed + 1);
  const middle = length >> 1;
  switch (edit) {
    case 1:
      return Buffer.concat([base.subarray(0, middle), Buffer.from('put in'), base.subarray(middle)]);
    case 2:
      return Buffer.concat([base.subarray(0, middle), base.subarray(middle + 100)]);
    case 3:
      return Buffer.concat([base, base]);
    case 4:
      return base.fill('x', middle, Math.min(length, middle + 10));
    default:
      return base;
  }
}

/** Makes `dir` hold the tree. What differs from the tree before gets another time. */
function materialise(dir: string, tree: Tree, before: Tree, k: number): Listed[] {
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir);
  const all = [...tree].toSorted(([a], [b]) => a.length - b.length || (a < b ? -1 : 1));
  const made: [string, Node][] = [];
  for (const [path, node] of all) {
    const above = path.split('/').map((_part, i, parts) => parts.slice(0, i).join('/'));
    if (above.some((parent) => parent !== '' && (tree.get(parent)?.kind ?? 'dir') !== 'dir')) continue;
    make(`${dir}/${path}`, node);
    made.push([path, node]);
  }
  const changed = timeOfSet(k) - 60;
  for (const [path, node] of made.toReversed()) {
    if (node.kind === 'link') continue;
    const isSame = JSON.stringify(before.get(path)) === JSON.stringify(node);
    const time = isSame ? timeOfSet(0) - 3600 : changed;
    chmodSync(`${dir}/${path}`, node.mode);
    utimesSync(`${dir}/${path}`, time, time);
  }
  utimesSync(dir, changed, changed);
  return treeOf(dir);
}

function make(full: string, node: Node): void {
  mkdirSync(dirname(full), { recursive: true });
  if (node.kind === 'dir') mkdirSync(full, { recursive: true });
  else if (node.kind === 'link') symlinkSync(node.to, full);
  else writeFileSync(full, contentOf(node));
}

async function restored(on: Machine, backend: Backend, k: number): Promise<Listed[]> {
  const target = `${on.dir}/out`;
  rmSync(target, { recursive: true, force: true });
  await act(on, backend, k, {}, (session) => runRestore(session, session.settings, { target: bytePath(target) }));
  return treeOf(target);
}

const options = fc.record({
  volsize: fc.constantFrom(65_536, 100_000, 200_000, 1_000_000),
  noCompression: fc.boolean(),
  concurrency: fc.constantFrom(0, 1, 3),
  maxBlocksize: fc.constantFrom(512, 2048),
});

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
    { numRuns: RUNS, ...SEED },
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
    { numRuns: RUNS, ...SEED },
  );
});

interface Moment {
  readonly files: ReadonlyMap<string, Buffer>;
  /** A copy of the archive dir. */
  readonly archive: string;
  readonly isComplete: boolean;
}

/** `memory` that notes what a machine would find that went out just before or after each upload. */
function photographed(
  memory: MemoryBackend,
  { dir, archive }: Machine,
): { readonly backend: Backend; readonly moments: Moment[] } {
  const moments: Moment[] = [];
  const shoot = (isComplete: boolean): void => {
    const copy = `${dir}/moment ${moments.length}`;
    cpSync(archive, copy, { recursive: true, filter: (path) => !path.endsWith('/lockfile') });
    moments.push({ files: new Map(memory.files), archive: copy, isComplete });
  };
  const backend: Backend = {
    ...memory,
    async put(name, body, call) {
      shoot(false);
      await memory.put(name, body, call);
      shoot(name.endsWith('manifest'));
    },
  };
  return { backend, moments };
}

/** Every path is as it is in one of the trees, never something in between. */
function expectEachFrom(tree: readonly Listed[], ...sources: (readonly Listed[] | undefined)[]): void {
  const known = sources.flatMap((source) => source ?? []).map((entry) => JSON.stringify(entry));
  for (const entry of tree) expect(known).toContain(JSON.stringify(entry));
}

function copyOf(files: ReadonlyMap<string, Buffer>): MemoryBackend {
  const memory = memoryBackend();
  for (const [name, bytes] of files) memory.files.set(name, bytes);
  return memory;
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
      { numRuns: Math.ceil(RUNS / 2), ...SEED },
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
    { numRuns: Math.ceil(RUNS / 2), ...SEED },
  );
});
