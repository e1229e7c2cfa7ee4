import { chmodSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { beforeEach, describe, expect, test } from 'vitest';
import { observe } from '../support/observe.ts';
import {
  backUp,
  good,
  names,
  noise,
  type Outcome,
  PLAIN,
  put,
  restoredTree,
  type Scene,
  scene,
  treeOf,
} from '../support/scene.ts';
import { timeOfSet } from '../support/times.ts';

// Archives hold times in whole seconds. A file that was read in a second and written again in the rest of it, or later by
// something that sets its time back, looks as it was.

let s: Scene;
beforeEach(() => {
  s = scene();
});

/** The numbers of the statistics that tell what was stored. */
function counted({ stdout }: Outcome): Record<string, number> {
  const numbers = [...stdout.matchAll(/^((?:New|Changed|Deleted|Source)Files|DeltaEntries|Errors) (\d+)$/gm)];
  return Object.fromEntries(numbers.map(([, name = '', value]) => [name, Number(value)]));
}

/** The volumes of an increment, which are one tar that holds `name` or not. */
function storedIn(k: number): string {
  const time = new Date(1000 * timeOfSet(k)).toISOString().replace(/[-:]|\.000/g, '');
  const volumes = names(s.remote).filter((name) => name.includes(`.to.${time}.vol`));
  return volumes.map((name) => gunzipSync(readFileSync(`${s.remote}/${name}`)).toString('latin1')).join('');
}

/** The files of the source that an increment opens. */
async function openedBy(k: number, extra: readonly string[] = []): Promise<readonly string[]> {
  const words = ['incremental', ...PLAIN, ...extra, '--current-time', String(timeOfSet(k)), s.source, s.url];
  const inside = `${s.source}/`;
  return (await observe(words)).opened.flatMap((path) => (path.startsWith(inside) ? [path.slice(inside.length)] : []));
}

const NOTHING = { NewFiles: 0, ChangedFiles: 0, DeletedFiles: 0, DeltaEntries: 0, Errors: 0 };

describe('a file with a time that is', () => {
  test.each([
    ['the second of its backup', 0],
    ['the one before, as a clock in steps of two seconds would have it', -1],
    ['later', 5],
    ['in the future', 10 * 86_400],
  ])('%s and that changes again is stored by the next increment', async (_when, seconds) => {
    const time = timeOfSet(0) + seconds;
    const content = noise(100_000);
    put(s.source, { 'd/large': content, 'd/small': 'before', 'd/same': 'same' }, time);
    await backUp(s, 0);
    const before = treeOf(s.source);
    content[99_999] = (content[99_999] ?? 0) ^ 1;
    put(s.source, { 'd/large': content, 'd/small': 'behind' }, time);
    const dry = await backUp(s, 1, ['-v5', '--dry-run']);
    const result = await backUp(s, 1, ['-v5']);
    for (const { stdout } of [dry, result]) {
      expect([...stdout.matchAll(/^[AMD] (.*)$/gm)].map(([line]) => line)).toEqual(['M d/large', 'M d/small']);
    }
    const counts = { ...NOTHING, SourceFiles: 5, ChangedFiles: 2, DeltaEntries: 2 };
    expect([counted(dry), counted(result)]).toEqual([counts, counts]);
    expect(storedIn(1)).toContain('diff/d/large\0');
    expect(storedIn(1)).not.toContain('d/same');
    expect(await restoredTree(s, 0)).toEqual(before);
    expect(await restoredTree(s, 1)).toEqual(treeOf(s.source));
  });
});

describe('a file in doubt that is as it was', () => {
  beforeEach(async () => {
    put(s.source, { 'd/large': noise(100_000), 'd/small': 'text', empty: '' }, timeOfSet(0));
    put(s.source, { old: 'old' });
    await backUp(s, 0);
  });

  test('is read once, and not counted', async () => {
    expect(await openedBy(1)).toEqual(['d/large', 'd/small', 'empty']);
    expect(storedIn(1)).toBe('');
    expect(await openedBy(2)).toEqual([]);
    const { stdout } = await good(['collection-status', '--show-changes-in-set', '1', s.url]);
    expect(stdout).toContain('Total number of changes: 0');
    for (const k of [1, 2]) expect(await restoredTree(s, k)).toEqual(treeOf(s.source));
  });

  test('is nothing that has changed', async () => {
    const unchanged = { ...NOTHING, SourceFiles: 6 };
    const dry = await backUp(s, 1, ['--dry-run']);
    expect(counted(dry)).toEqual(unchanged);
    const skipped = await backUp(s, 1, ['--skip-if-no-change']);
    expect(skipped.stdout).toContain('Skipped volume upload, as effectivly nothing has changed');
    const stored = await backUp(s, 1, ['-v5', '--progress']);
    expect(counted(stored)).toEqual(unchanged);
    expect(stored.stdout).not.toMatch(/^[AMD] /m);
  });

  test('is a change when something else of it differs', async () => {
    chmodSync(`${s.source}/d/small`, 0o640);
    const result = await backUp(s, 1);
    expect(counted(result)).toEqual({ ...NOTHING, SourceFiles: 6, ChangedFiles: 1, DeltaEntries: 1 });
    expect(await restoredTree(s, 1)).toEqual(treeOf(s.source));
  });

  test('and was settled is stored when it changes later', async () => {
    await backUp(s, 1);
    put(s.source, { 'd/small': 'other' }, timeOfSet(1));
    expect(counted(await backUp(s, 2))).toMatchObject({ ChangedFiles: 1 });
    expect(await restoredTree(s, 1, ['--file-to-restore', 'd'])).not.toEqual(treeOf(`${s.source}/d`));
    expect(await restoredTree(s, 2)).toEqual(treeOf(s.source));
  });
});

test('files older than their backup are not opened', async () => {
  put(s.source, { a: 'one', 'd/b': 'two' }, timeOfSet(0) - 2);
  await backUp(s, 0);
  expect(await openedBy(1)).toEqual([]);
});
