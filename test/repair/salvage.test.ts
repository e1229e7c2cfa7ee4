import { rmSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { salvage } from '../../src/actions/restore/salvage/salvage.ts';
import { bytePath } from '../../src/util/bytepath.ts';
import { seeded } from '../support/random.ts';
import { timeOfSet } from '../support/times.ts';
import { HARMS } from './harms.ts';
import { type Brought, faultsOf } from './judge.ts';
import { FORMS, keepStore, type Kept, LENGTH, on, SETS, setOf, treeAt } from './store.ts';

const ALL = process.env['REPAIR'] === 'all';
const LONG_MS = 1_800_000;

/** Files that are harmed in each way when not all are: of encrypted ones each takes a key to be derived. */
const SAMPLE: Readonly<Record<string, number>> = { gz: 4, plain: 2, encrypted: 1 };

function some(files: readonly string[], count: number, draw: () => number): readonly string[] {
  const left = [...files];
  return Array.from({ length: count }, () => left.splice(Math.floor(draw() * left.length), 1)[0] ?? '');
}

/** What a salvage of set `k` brings back. */
async function broughtBack(kept: Kept, k: number, path?: string): Promise<Brought> {
  const target = `${kept.on.dir}/out`;
  rmSync(target, { recursive: true, force: true });
  const { salvage: report } = await on(kept, (session) =>
    salvage(session, {
      target: bytePath(target),
      time: timeOfSet(k),
      ...(path !== undefined && { paths: [bytePath(path)] }),
    }),
  );
  return { report, tree: treeAt(target) };
}

describe.each(Object.keys(FORMS))('of a store that is %s', (form) => {
  let kept: Kept;
  beforeAll(async () => {
    kept = await keepStore(form);
  });

  test('all comes back whole when nothing is damaged', async () => {
    expect([...kept.sound.keys()].filter((name) => name.includes('.vol')).length).toBeGreaterThanOrEqual(30);
    for (let k = LENGTH - 1; k < SETS; k += LENGTH) {
      kept.mend();
      const found = await broughtBack(kept, k);
      expect(found.report).toMatchObject({ notWhole: [], unknown: [], harm: [] });
      expect(faultsOf(kept, k, found, '')).toEqual([]);
    }
  });

  test.each(Object.keys(HARMS))(
    'what a file held that is %s comes back as far as it can, all else whole',
    async (harm) => {
      const draw = seeded(harm.length + 10 * form.length);
      const files = [...kept.sound.keys()].toSorted();
      const counts = { cases: 0, older: 0, partial: 0, lost: 0, rescued: 0 };
      for (const name of ALL ? files : some(files, SAMPLE[form] ?? 1, draw)) {
        kept.mend();
        HARMS[harm]?.(kept, name, draw);
        const k = Math.floor(setOf(name) / LENGTH) * LENGTH + LENGTH - 1;
        try {
          const found = await broughtBack(kept, k);
          expect(faultsOf(kept, k, found, name)).toEqual([]);
          counts.cases++;
          for (const { fate } of found.report.notWhole) counts[fate]++;
          if (name.includes('.vol') && found.report.notWhole.length === 0) counts.rescued++;
        } catch (error) {
          throw new Error(`${harm} ${name}`, { cause: error });
        }
      }
      expect(counts.cases).toBe(ALL ? files.length : SAMPLE[form]);
      if (ALL) console.log(form, harm, counts);
    },
  );
});

describe('of a store with', () => {
  let kept: Kept;
  beforeAll(async () => {
    kept = await keepStore('gz');
  }, LONG_MS);
  const named = (part: RegExp): string => [...kept.sound.keys()].toSorted().find((name) => part.test(name)) ?? '';
  const full = /full\.20231114/;

  test('a damaged volume one path is restored as in a restore of all', async () => {
    kept.mend();
    const name = [...kept.members].find(([name, paths]) => full.test(name) && paths.includes('a/large'))?.[0] ?? '';
    kept.backend.files.delete(name);
    const whole = await broughtBack(kept, 2, 'd');
    expect(whole.report).toMatchObject({ notWhole: [], unknown: [] });
    expect(whole.tree.get('log')?.bytes?.equals(kept.trees[2]?.get('d/log')?.bytes ?? Buffer.alloc(0))).toBe(true);
    const { report } = await broughtBack(kept, 2, 'a/large');
    expect(report.notWhole).toMatchObject([{ path: 'a/large', fate: 'partial' }]);
    const [verdict] = report.notWhole;
    const partial = treeAt(kept.on.dir).get('out.partial')?.bytes ?? Buffer.alloc(0);
    const was = kept.trees[2]?.get('a/large')?.bytes ?? Buffer.alloc(0);
    for (const { from, to } of verdict?.ranges ?? []) {
      expect(partial.subarray(from, to).equals(was.subarray(from, to))).toBe(true);
    }
    expect(treeAt(kept.on.dir).has('out')).toBe(false);
    rmSync(`${kept.on.dir}/out.partial`);
  });

  test('no full backup at all what increments hold by themselves comes back, and nothing is called whole', async () => {
    kept.mend();
    for (const name of kept.sound.keys())
      if (/full(?:-signatures)?\.20231114/.test(name)) kept.backend.files.delete(name);
    const { report, tree } = await broughtBack(kept, 2);
    expect(report.notWhole.find(({ path }) => path === 'd/log')).toMatchObject({ fate: 'partial' });
    expect(tree.get('new2')?.bytes?.toString()).toBe('of set 2');
    expect(report.unknown.map(({ from }) => from)).toEqual([undefined]);
  });

  test('neither signatures nor a volume, what that may have held is not called whole', async () => {
    kept.mend();
    const volume =
      [...kept.members].find(([name, paths]) => /inc.*to\.20231115/.test(name) && paths.includes('note'))?.[0] ?? '';
    kept.backend.files.delete(volume);
    kept.backend.files.delete(named(/new-signatures.*to\.20231115/));
    const { report, tree } = await broughtBack(kept, 1);
    expect(report.unknown.map(({ file }) => file)).toEqual([volume]);
    expect(report.notWhole.find(({ path }) => path === 'note')).toMatchObject({ fate: 'older', time: timeOfSet(0) });
    expect(tree.get('note')?.bytes?.toString()).toBe('state 0');
    const told = new Set(report.notWhole.map(({ path }) => path as string));
    const wrong = [...(kept.trees[1] ?? [])].filter(
      ([path, { listed }]) => !told.has(path) && tree.has(path) && tree.get(path)?.listed.sha256 !== listed.sha256,
    );
    expect(wrong).toEqual([]);
  });

  test('a set gone in the middle, what came before it is older', async () => {
    kept.mend();
    for (const name of kept.sound.keys()) if (name.includes('to.20231115')) kept.backend.files.delete(name);
    const { report, tree } = await broughtBack(kept, 2);
    expect(report.notWhole.find(({ path }) => path === 'a/large')).toMatchObject({ fate: 'older', time: timeOfSet(0) });
    expect(tree.get('note')?.bytes?.toString()).toBe('state 2');
    expect(report.notWhole.some(({ path }) => path === 'note')).toBe(false);
  });

  test('two damaged volumes, both are told of, and the path that is in neither is whole', async () => {
    kept.mend();
    const volumes = [...kept.members.keys()].filter((name) => full.test(name)).toSorted();
    for (const name of volumes.slice(1, 3)) kept.backend.files.delete(name);
    const { report } = await broughtBack(kept, 2);
    expect(report.harm.map(({ file }) => file).toSorted()).toEqual(volumes.slice(1, 3));
    const touched = new Set(volumes.slice(1, 3).flatMap((name) => kept.members.get(name) ?? []));
    expect(report.notWhole.every(({ path }) => touched.has(path))).toBe(true);
  });
});
