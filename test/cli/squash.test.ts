import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { isolatedEnv, testHome } from '../support/home.ts';
import { root } from '../support/paths.ts';
import { run, succeeded } from '../support/processes.ts';
import { openStore } from '../../src/index.ts';
import type { Listed } from '../support/listing.ts';
import {
  backUp,
  duplicity,
  faults,
  good,
  names,
  noise,
  PLAIN,
  put,
  restoredTree,
  scene,
  treeOf,
} from '../support/scene.ts';
import type { Outcome, Scene } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { asctime, timeOfSet } from '../support/times.ts';

const LAST = 4;
const SOME = ['--from', String(timeOfSet(1)), '--to', String(timeOfSet(3))];
let s: Scene;
/** A place with a full backup and four increments, each of two volumes, before anything is squashed. */
let template: string;
const trees: Listed[][] = [];

beforeAll(async () => {
  s = scene();
  for (let k = 0; k <= LAST; k++) {
    put(s.source, { a: noise(900_000, k), b: noise(700_000, 50 + k), [`only/${k}`]: `${k}` }, timeOfSet(k - 1));
    if (k > 1) rmSync(`${s.source}/only/${k - 2}`);
    put(s.source, { only: null }, timeOfSet(k - 1));
    trees.push(treeOf(s.source));
    await backUp(s, k, ['--volsize', '1']);
  }
  template = tempDir();
  cpSync(s.remote, template, { recursive: true });
});

beforeEach(() => {
  rmSync(s.remote, { recursive: true });
  cpSync(template, s.remote, { recursive: true });
});

const squash = (...args: readonly string[]): Promise<Outcome> => duplicity([...PLAIN, 'squash', ...args, s.url]);
const setsOf = (dir: string): readonly string[] => names(dir).filter((name) => name.endsWith('.manifest'));

describe('without --force', () => {
  test.each([[[]], [['--dry-run', '--force']]])('with %j it tells what it would do, and does nothing', async (more) => {
    const { status, stdout, stderr } = await squash(...SOME, ...more);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('Found 2 increments to squash into one that builds on the backup of');
    expect(stdout).toMatch(/They take \d+ bytes, it will take about \d+\.\n/);
    expect(stdout.includes('Rerun command with --force')).toBe(more.length === 0);
    const isSame = (name: string): boolean =>
      readFileSync(`${s.remote}/${name}`).equals(readFileSync(`${template}/${name}`));
    expect(names(s.remote).filter((name) => !isSame(name))).toEqual([]);
    expect(names(s.remote)).toEqual(names(template));
  });

  test('it needs no key to tell', async () => {
    const elsewhere = ['--archive-dir', tempDir(s.dir)];
    const { status, stdout } = await duplicity(['squash', ...SOME, ...elsewhere, s.url]);
    expect(status).toBe(0);
    expect(stdout).toContain('Found 2 increments');
  });
});

test('with --force the states between go, and all others stay', async () => {
  const { status, stdout } = await squash(...SOME, '--force', '--volsize', '1');
  expect(status).toBe(0);
  expect(stdout).toContain('Squashed 2 increments into one');
  expect(stdout).toContain(`${asctime(timeOfSet(3))} (this state stays)`);
  expect(setsOf(s.remote)).toHaveLength(LAST);
  // Of the size asked for.
  const added = names(s.remote).filter((name) => !names(template).includes(name));
  expect(added.filter((name) => name.includes('.vol')).length).toBeGreaterThan(1);
  for (const k of [1, 3, 4]) expect(await restoredTree(s, k)).toEqual(trees[k]);
  // The state of the time between is the one before, as if there had been none.
  expect(await restoredTree(s, 2)).toEqual(trees[1]);
  const again = await squash(...SOME, '--force');
  expect(again.stdout).toContain('Nothing to squash: the backup of');
});

test('as JSON it tells the sets and the bytes', async () => {
  const { stdout } = await duplicity([...PLAIN, '--json', 'squash', ...SOME, '--force', s.url]);
  const last = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { result: { bytesAfter: number } };
  const kept = names(s.remote).filter((name) => !names(template).includes(name));
  const bytes = kept.reduce((sum, name) => sum + readFileSync(`${s.remote}/${name}`).length, 0);
  expect(last).toMatchObject({
    type: 'result',
    action: 'squash',
    exitStatus: 0,
    result: {
      set: { kind: 'inc', timeEpoch: timeOfSet(3), baseEpoch: timeOfSet(1) },
      squashed: [{ timeEpoch: timeOfSet(2) }, { timeEpoch: timeOfSet(3) }],
      leftovers: [],
      isDone: true,
      bytesAfter: bytes,
    },
  });
});

test('is a call of the library', async () => {
  await using store = await openStore(s.url, { archiveDir: tempDir(), encryption: false });
  const range = { from: timeOfSet(0), to: new Date(timeOfSet(2) * 1000) };
  expect(await store.squash({ ...range, dryRun: true })).toMatchObject({ isDone: false, leftovers: [] });
  expect(names(s.remote)).toEqual(names(template));
  const { set, squashed } = await store.squash(range);
  expect(set).toEqual({ type: 'inc', start: timeOfSet(0), end: timeOfSet(2) });
  expect(squashed.map(({ end }) => end)).toEqual([timeOfSet(1), timeOfSet(2)]);
  const { squashes } = await store.prune({ keep: { last: 1 }, squash: {} });
  expect(squashes.map((one) => one.squashed.length)).toEqual([3]);
  expect(setsOf(s.remote)).toHaveLength(2);
});

describe('is refused', () => {
  const day = (k: number): string => String(timeOfSet(k));
  test.each([
    ['without --to', ['--from', day(1)], 2, 'squash needs --from TIME and --to TIME.'],
    ['for one set', ['--from', day(2), '--to', day(2)], 23, 'Both times stand for the backup of'],
    ['backwards', ['--from', day(3), '--to', day(1)], 23, 'does not build on that of'],
    ['for a time before the first', ['--from', '1000', '--to', day(1)], 23, 'No backup is as old as'],
  ] as const)('%s', async (_how, args, status, text) => {
    const result = await squash(...args, '--force');
    expect(result.status).toBe(status);
    expect(result.stderr).toContain(text);
    expect(names(s.remote)).toEqual(names(template));
  });

  test('where a volume is damaged, and nothing is lost', async () => {
    const name = names(s.remote).find((one) => /inc.*vol2/.test(one)) ?? '';
    writeFileSync(`${s.remote}/${name}`, noise(1000));
    const result = await squash('--from', day(0), '--to', day(4), '--force');
    expect(result.status).toBe(21);
    expect(setsOf(s.remote)).toEqual(setsOf(template));
  });

  test('where signatures are missing', async () => {
    rmSync(`${s.remote}/${names(s.remote).find((one) => one.includes('new-signatures')) ?? ''}`);
    const result = await squash('--from', day(0), '--to', day(4), '--force');
    expect(result.status).toBe(17);
    expect(result.stderr).toContain(`The signatures of the backup of ${asctime(timeOfSet(1))} are not there.`);
  });

  test('where another host has built on a state that would go', async () => {
    // An increment from 2 to 4 beside those to 3 and 4.
    for (const name of names(s.remote)) {
      const [from, between, to] = [2, 3, 4].map((k) =>
        new Date(timeOfSet(k) * 1000).toISOString().replace(/[-:]|\.000/g, ''),
      );
      if (name.includes(`${between}.to.${to}`))
        cpSync(
          `${s.remote}/${name}`,
          `${s.remote}/${name.replace(between ?? '', from ?? '').replace(to ?? '', '20231119T120000Z')}`,
        );
    }
    const result = await squash('--from', day(1), '--to', day(3), '--force');
    expect(result.status).toBe(23);
    expect(result.stderr).toContain('which would go');
  });
});

describe('one that is killed', () => {
  test.each([
    ['put', 'manifest', 'before'],
    ['delete', 'manifest', 'after'],
  ] as const)('at %s of %s (%s) goes on with the same command, and backups go on without', async (op, match, when) => {
    const all = ['--from', String(timeOfSet(0)), '--to', String(timeOfSet(LAST)), '--force', '--volsize', '1'];
    const args = [...PLAIN, '--archive-dir', tempDir(s.dir), 'squash', ...all, s.url];
    const killed = await duplicity(args, faults({ op, match, when, do: 'kill' }));
    expect(killed.signal).toBe('SIGKILL');
    expect(await restoredTree(s, LAST)).toEqual(trees[LAST]);
    // The next backup is no part of it, and takes nothing of it for its own.
    const copy = tempDir(s.dir);
    cpSync(s.remote, copy, { recursive: true });
    await backUp({ ...s, url: `file://${copy}` }, 9, args.slice(1, 3));
    expect(await restoredTree({ ...s, url: `file://${copy}` }, LAST)).toEqual(trees[LAST]);
    const { status } = await duplicity(args);
    expect(status).toBe(0);
    // The archive dir began empty: it holds nothing that is of no use.
    const { stdout: shown } = await good([...args.slice(1, 3), 'collection-status', s.url]);
    expect(shown).not.toContain('fit no chain');
    expect(setsOf(s.remote)).toHaveLength(2);
    expect(await restoredTree(s, LAST)).toEqual(trees[LAST]);
    const { stdout } = await good(['cleanup', '--force', s.url]);
    expect(stdout).toContain('nothing deleted in cleanup');
  });
});

test('the example of the page about chains is what happens', async () => {
  const page = readFileSync(`${root}/docs/chains.md`, 'utf8');
  const [, script = ''] = /## Thinning inside a chain[^]*?```sh\n([^]*?)```/.exec(page) ?? [];
  const dir = tempDir();
  const home = testHome();
  mkdirSync(`${home}/docs`);
  mkdirSync(`${dir}/bin`);
  writeFileSync(`${dir}/bin/duplicity`, `#!/bin/sh\nexec '${root}/duplicity' "$@"\n`, { mode: 0o755 });
  const env = isolatedEnv(home, { PATH: `${dir}/bin:${process.env['PATH'] ?? ''}`, TZ: 'UTC' });
  const { stdout } = succeeded(await run('sh', ['-c', `set -e\n${script.replaceAll('/mnt/', `${dir}/`)}`], { env }));
  expect(stdout).toContain('Found 2 increments to squash into one');
  expect(stdout).toContain('Squashed 2 increments into one');
  expect(stdout).toContain('Squashed 2 increments up to 2023-11-18T22:13:20 into one');
  expect(names(`${dir}/nas`)).toHaveLength(6);
  expect(readFileSync(`${dir}/restored/diary.txt`, 'utf8')).toBe('day 4\n');
});
