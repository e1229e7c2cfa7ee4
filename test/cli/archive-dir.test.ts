import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { backUp, duplicity, names, noise, PLAIN, put, type Scene, scene, treeOf } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { timeOfSet } from '../support/times.ts';

/** One archive for all: a chain of so many sets that they are not all open at once, the second with a long file. */
const SETS = 12;
let s: Scene;
const trees: ReturnType<typeof treeOf>[] = [];

beforeAll(async () => {
  s = scene();
  const files = Object.fromEntries(
    Array.from({ length: 60 }, (_none, i) => [`d${i % 7}/file${i}`, noise(3000, i + 1)]),
  );
  for (let k = 0; k < SETS; k++) {
    put(
      s.source,
      k === 0 ? files : { [`d1/file${k}`]: noise(3000 + k), big: noise(k < 2 ? 1_500_000 : 9, k) },
      timeOfSet(k - 1),
    );
    trees.push(treeOf(s.source));
    await backUp(s, k, [], { home: `${s.dir}/home` });
  }
});

let archive: string;
let target: string;
beforeEach(() => {
  const dir = tempDir();
  archive = `${dir}/archive`;
  target = `${dir}/out`;
});

const run = (...args: readonly string[]) => duplicity([...PLAIN, '--archive-dir', archive, '--name', 'n', ...args]);
const cached = (): string[] => names(`${archive}/n`).filter((name) => name.startsWith('duplicity-'));
const lines = (text: string): string[] => text.split('\n').filter((line) => / d\d\/| big$/.test(line));
const expected = (): number => trees.at(-1)?.filter(({ path }) => /^d\d\/|^big$/.test(path)).length ?? 0;
const pathOf = (part: string): string => `${archive}/n/${cached().find((name) => name.includes(part)) ?? ''}`;

describe('a machine that knows nothing', () => {
  test('restores and verifies without fetching signatures', async () => {
    expect(await run('restore', s.url, target)).toMatchObject({ status: 0 });
    expect(treeOf(target)).toEqual(trees[SETS - 1]);
    expect(cached().filter((name) => name.includes('manifest'))).toHaveLength(SETS);
    expect(cached()).toHaveLength(SETS);
    expect(await run('verify', '--compare-data', s.url, s.source)).toMatchObject({ status: 0 });
    expect(cached()).toHaveLength(SETS);
  });

  test('restores although signatures are damaged, also when told to fetch them', async () => {
    const name = names(s.remote).find((file) => file.includes('full-signatures')) ?? '';
    const whole = readFileSync(`${s.remote}/${name}`);
    truncateSync(`${s.remote}/${name}`, whole.length >> 1);
    try {
      const { status, stderr } = await run('restore', s.url, target);
      expect([status, stderr]).toEqual([0, '']);
      const all = await run('restore', '--metadata-sync-mode', 'full', s.url, `${target}1`);
      expect([all.status, all.stdout.includes(name)]).toEqual([0, true]);
      expect(cached()).toHaveLength(2 * SETS - 1);
    } finally {
      writeFileSync(`${s.remote}/${name}`, whole);
    }
    expect(await run('restore', '--metadata-sync-mode', 'full', s.url, `${target}2`)).toMatchObject({ status: 0 });
    expect(cached()).toHaveLength(2 * SETS);
  });

  test('lists from copies of the signatures, which are the remote files themselves when those are gzipped', async () => {
    const { status, stdout } = await run('list-current-files', s.url);
    expect(status).toBe(0);
    expect(lines(stdout)).toHaveLength(expected());
    for (const name of cached().filter((file) => file.includes('signatures'))) {
      expect(readFileSync(`${archive}/n/${name}`).equals(readFileSync(`${s.remote}/${name}`))).toBe(true);
    }
  });

  test('gzips copies of signatures that are not', async () => {
    const plain = scene();
    put(plain.source, { a: 'one', b: noise(70_000) });
    await backUp(plain, 0, ['--no-compression'], { home: `${plain.dir}/home` });
    const { stdout } = await run('list-current-files', plain.url);
    expect(stdout).toMatch(/ b$/m);
    const name = names(plain.remote).find((file) => file.includes('signatures')) ?? '';
    const copy = gunzipSync(readFileSync(`${archive}/n/${name}.gz`));
    expect(copy.equals(readFileSync(`${plain.remote}/${name}`))).toBe(true);
  });
});

const damages = [
  ['cut', (bytes: Buffer) => bytes.subarray(0, bytes.length >> 1)],
  ['empty', () => Buffer.alloc(0)],
  ['garbled', (bytes: Buffer) => Buffer.concat([bytes.subarray(0, 30), noise(bytes.length - 30)])],
  ['something else', () => Buffer.from('no file of ours\n')],
] as const;

describe.each(damages)('a copy in the archive dir that is %s', (_what, damage) => {
  test('is fetched again when it is a manifest', async () => {
    await run('restore', s.url, target);
    const path = pathOf('full.');
    const whole = readFileSync(path);
    writeFileSync(path, damage(whole));
    rmSync(target, { recursive: true });
    const { status, stdout } = await run('restore', s.url, target);
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^The copy duplicity-full\.\S+\.manifest in the archive dir was damaged and has been fetched again\./m,
    );
    expect(treeOf(target)).toEqual(trees[SETS - 1]);
    expect(readFileSync(path).equals(whole)).toBe(true);
  });

  test('is fetched again when it is signatures, and nothing is listed twice or left out', async () => {
    const before = lines((await run('list-current-files', s.url)).stdout);
    expect(before).toHaveLength(expected());
    for (const part of ['full-signatures', 'new-signatures']) {
      const path = pathOf(part);
      const whole = readFileSync(path);
      writeFileSync(path, damage(whole));
      const { status, stdout } = await run('list-current-files', s.url);
      expect(status).toBe(0);
      expect(stdout).toContain(' in the archive dir was damaged and has been fetched again.');
      expect(lines(stdout)).toEqual(before);
      expect(readFileSync(path).equals(whole)).toBe(true);
    }
  });
});

test('a damaged copy that the remote cannot replace is an error', async () => {
  await run('list-current-files', s.url);
  const name = cached().find((file) => file.includes('full-signatures')) ?? '';
  const remote = `${s.remote}/${name}`;
  const whole = readFileSync(remote);
  truncateSync(remote, 100);
  truncateSync(`${archive}/n/${name}`, 100);
  try {
    const { status, stderr } = await run('list-current-files', s.url);
    expect(status).toBe(100);
    expect(stderr).toContain(name);
  } finally {
    writeFileSync(remote, whole);
  }
});

test('every state of a long chain can be restored, one file of it too', async () => {
  for (const k of [0, 1, 5]) {
    rmSync(target, { recursive: true, force: true });
    expect(await run('restore', '--time', String(timeOfSet(k)), s.url, target)).toMatchObject({ status: 0 });
    expect(treeOf(target)).toEqual(trees[k]);
  }
  rmSync(target, { recursive: true });
  expect(await run('restore', '--file-to-restore', 'big', s.url, target)).toMatchObject({ status: 0 });
  expect(readFileSync(target).equals(noise(9, SETS - 1))).toBe(true);
});
