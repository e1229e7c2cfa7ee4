import { cpSync, mkdirSync, rmSync, utimesSync } from 'node:fs';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { some } from '../support/forms.ts';
import type { Listed } from '../support/listing.ts';
import { parseStatus } from '../support/outputs.ts';
import { succeeded } from '../support/processes.ts';
import { runReference } from '../support/run.ts';
import { duplicity, faults, good, names, noise, put, PLAIN, type Scene, scene, treeOf } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { asctime, timeOfSet } from '../support/times.ts';
import { requireReference } from '../support/tools.ts';

// The process dies at every place where it could have stored something or not. Afterwards nothing unfinished may count,
// nothing finished may be lost, and the next run must get on by itself.

const UPLOADS = ['.vol1.', '.vol2.', '.vol3.', '.sigtar.', '.manifest'] as const;
const hasReference = requireReference();

let s: Scene;
/** What the source was at set k. */
const trees = new Map<number, Listed[]>();
/** Remote and archive dir with sets 0 (full) and 1 (an increment). */
let template: string;

/** The source as it is for set k: three volumes in every set, also in an increment. */
function become(k: number): void {
  rmSync(s.source, { recursive: true, force: true });
  put(
    s.source,
    {
      [`only/${k}`]: `file of ${k}`,
      a: noise(900_000, 10 + k),
      b: noise(900_000, 20 + k),
      c: noise(700_000, 30 + k),
      same: 'always',
      [k % 2 === 0 ? 'kind' : 'kind/inside']: `${k}`,
    },
    timeOfSet(k - 1),
  );
  utimesSync(s.source, timeOfSet(k - 1), timeOfSet(k - 1));
  trees.set(k, treeOf(s.source));
}

const places = (): readonly string[] => ['--archive-dir', `${s.dir}/archive`, '--name', 'a', '--volsize', '1'];

function backupArgs(k: number, action: readonly string[] = []): readonly string[] {
  return [...PLAIN, ...places(), ...action, '--current-time', String(timeOfSet(k)), s.source, s.url];
}

async function restoreAt(k: number | 'now'): Promise<Listed[]> {
  const target = `${tempDir(s.dir)}/out`;
  const time = k === 'now' ? [] : ['--time', String(timeOfSet(k))];
  await good([...places(), 'restore', ...time, s.url, target]);
  const tree = treeOf(target);
  rmSync(target, { recursive: true });
  return tree;
}

async function listedTimes(): Promise<readonly string[]> {
  return parseStatus((await good([...places(), 'collection-status', s.url])).stdout).map(({ time }) => time);
}

beforeAll(async () => {
  s = scene();
  template = tempDir();
  for (const k of [0, 1]) {
    become(k);
    succeeded(await duplicity(backupArgs(k)));
  }
  cpSync(s.remote, `${template}/remote`, { recursive: true });
  cpSync(`${s.dir}/archive`, `${template}/archive`, { recursive: true });
});

function begin(from: 'a chain' | 'nothing'): void {
  for (const place of ['remote', 'archive']) {
    rmSync(`${s.dir}/${place}`, { recursive: true, force: true });
    if (from === 'a chain') cpSync(`${template}/${place}`, `${s.dir}/${place}`, { recursive: true });
    else mkdirSync(`${s.dir}/${place}`);
  }
}

/** Backs up as set 2 and dies at one upload. */
async function die(action: readonly string[], match: string, when: 'before' | 'after'): Promise<void> {
  become(2);
  const result = await duplicity(backupArgs(2, action), faults({ op: 'put', match, when, do: 'kill' }));
  expect(result.signal).toBe('SIGKILL');
}

/** The backup again, which goes on with set 2, the next one, every state there is, and what is left behind. */
async function goOn(sets: readonly number[]): Promise<void> {
  if (!sets.includes(2)) {
    succeeded(await duplicity(backupArgs(2)));
    return goOn([...sets, 2]);
  }
  become(3);
  succeeded(await duplicity(backupArgs(3)));
  await checkAll([...sets, 3]);
}

/** What the archive dir has of sets, beside the ledger of volumes. */
const copies = (): readonly string[] => names(`${s.dir}/archive/a`).filter((name) => name.startsWith('duplicity-'));

/** Every set restores, and there is nothing else. */
async function checkAll(all: readonly number[]): Promise<void> {
  expect(await listedTimes()).toEqual(all.map((k) => asctime(timeOfSet(k))));
  // What was made after the death, and before.
  for (const k of some(all, (_, i) => i === 0 || i >= all.length - 2)) expect(await restoreAt(k)).toEqual(trees.get(k));

  // Uploads that ran beside the one it died at; the set may have been given up since.
  const parts = names(s.remote).filter((name) => name.endsWith('.part'));
  const files = names(s.remote).filter((name) => !parts.includes(name));
  const { stdout } = await good([...places(), 'cleanup', '--force', s.url]);
  for (const text of parts.length === 0 ? ['nothing deleted in cleanup'] : parts) expect(stdout).toContain(text);
  expect(names(s.remote)).toEqual(files);
  expect(files).toHaveLength(all.length * UPLOADS.length);
  expect(copies()).toHaveLength(all.length * 2);
}

const EVERYWHERE = UPLOADS.flatMap((match) => [[match, 'before'] as const, [match, 'after'] as const]);

/** The next backup, the state before it, and all that comes later. */
async function survive(action: readonly string[], match: string, when: 'before' | 'after'): Promise<void> {
  begin('a chain');
  await die(action, match, when);
  const isComplete = match === '.manifest' && when === 'after';
  const sets = isComplete ? [0, 1, 2] : [0, 1];
  expect(await restoreAt('now')).toEqual(trees.get(sets.length - 1));
  await goOn(sets);
}

describe('an increment', () => {
  const places = some(EVERYWHERE, ([match, when]) => (when === 'before') === (match === '.vol1.'));

  test.each(places)('that dies at the upload of %s (%s) costs nothing but itself', async (match, when) => {
    await expect(survive(['incr'], match, when)).resolves.toBeUndefined();
  });
});

describe('a full backup on top of a chain', () => {
  const places = some(
    EVERYWHERE.filter(([match, when]) => when === 'before' || match === '.manifest'),
    ([match]) => match === '.vol2.' || match === '.manifest',
  );

  test.each(places)('that dies at the upload of %s (%s) costs nothing but itself', async (match, when) => {
    await expect(survive(['full'], match, when)).resolves.toBeUndefined();
  });
});

describe('a first backup', () => {
  beforeEach(() => begin('nothing'));

  const uploads = [
    ['.vol1.', 'before'],
    ['.vol3.', 'after'],
    ['.sigtar.', 'after'],
    ['.manifest', 'before'],
  ] as const;

  test.each(some(uploads, ([match]) => match === '.vol1.' || match === '.manifest'))(
    'that dies at the upload of %s (%s) is none',
    async (match, when) => {
      await die([], match, when);
      const restored = await duplicity([...PLAIN, ...places(), s.url, `${s.dir}/none`]);
      expect(restored.status).toBe(30);
      await goOn([]);
    },
  );
});

describe('an unfinished set', () => {
  beforeEach(() => begin('a chain'));

  test.each(some(UPLOADS, (match) => match !== '.vol2.' && match !== '.vol3.'))(
    'after a death at %s is removed by cleanup, and nothing else is',
    async (match) => {
      await die(['incr'], match, 'before');
      await good([...places(), 'cleanup', '--force', s.url]);
      expect(names(s.remote)).toEqual(names(`${template}/remote`));
      expect(names(`${s.dir}/archive/a`)).toEqual(names(`${template}/archive/a`));
      expect(await restoreAt('now')).toEqual(trees.get(1));
    },
  );

  test('that a machine without its archive dir finds is cleaned up there, its signatures once the chain goes on', async () => {
    await die(['incr'], '.manifest', 'before');
    rmSync(`${s.dir}/archive`, { recursive: true });
    expect(await restoreAt('now')).toEqual(trees.get(1));
    await good([...places(), 'cleanup', '--force', s.url]);
    become(3);
    succeeded(await duplicity(backupArgs(3, ['incr'])));
    await good([...places(), 'cleanup', '--force', s.url]);
    await checkAll([0, 1, 3]);
  });

  test('does not keep old backups from being removed', async () => {
    await die(['full'], '.vol3.', 'before');
    await good([...places(), 'remove-all-but-n-full', '1', '--force', s.url]);
    expect(await restoreAt('now')).toEqual(trees.get(1));
  });

  test('of a kind goes on whatever is asked for, and a second death changes nothing', async () => {
    await die(['full'], '.vol3.', 'before');
    await die(['incr'], '.vol3.', 'before');
    expect(await restoreAt('now')).toEqual(trees.get(1));
    await goOn([0, 1]);
  });
});

describe('deleting', () => {
  beforeEach(() => begin('a chain'));

  const deaths = ['sigtar', 'manifest', 'vol2', 'vol1'];

  test.each(some(deaths, (match) => match === 'manifest' || match === 'vol2'))(
    'that dies at %s is done by the next try',
    async (match) => {
      become(2);
      succeeded(await duplicity(backupArgs(2, ['full'])));
      const args = [...places(), 'remove-all-but-n-full', '1', '--force', s.url];
      const { signal } = await duplicity(args, faults({ op: 'delete', match, when: 'after', do: 'kill' }));
      expect(signal).toBe('SIGKILL');
      expect(await restoreAt('now')).toEqual(trees.get(2));
      await good(args);
      await good([...places(), 'cleanup', '--force', s.url]);
      expect(names(s.remote)).toHaveLength(UPLOADS.length);
      expect(copies()).toHaveLength(2);
      expect(await restoreAt('now')).toEqual(trees.get(2));
    },
  );
});

describe.runIf(hasReference)('the reference', () => {
  const deaths = [
    ['incr', '.vol2.', 'after'],
    ['incr', '.sigtar.', 'after'],
    ['incr', '.manifest', 'after'],
    ['full', '.manifest', 'before'],
  ] as const;

  test.each(some(deaths, ([, match, when]) => match === '.vol2.' || when === 'before'))(
    'accepts what is left after %s died at %s (%s) and the next backup',
    async (action, match, when) => {
      begin('a chain');
      await die([action], match, when);
      if (match !== '.manifest' || when === 'before') succeeded(await duplicity(backupArgs(2)));
      become(3);
      succeeded(await duplicity(backupArgs(3)));
      const options = { env: { XDG_CACHE_HOME: tempDir() } };
      const status = succeeded(await runReference(['collection-status', s.url], options));
      expect(status.stdout).toContain('No orphaned or incomplete backup sets found.');
      for (const k of some([0, 1, 2, 3], (k) => k >= 2)) {
        const target = `${tempDir(s.dir)}/out`;
        const time = ['--time', String(timeOfSet(k))];
        succeeded(await runReference(['restore', '--no-encryption', ...time, s.url, target], options));
        expect(treeOf(target)).toEqual(trees.get(k));
      }
      succeeded(await runReference(['cleanup', '--no-encryption', '--force', s.url], options));
    },
  );
});
