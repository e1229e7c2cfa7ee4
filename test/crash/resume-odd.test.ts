import { mkdirSync, readFileSync, renameSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { duplicity, faults, good, names, noise, PLAIN, put, type Scene, scene, treeOf } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { timeOfSet } from '../support/times.ts';

// Interrupted backups that go on, or begin again, where something is not as in resume.test.ts.

let s: Scene;
beforeEach(() => {
  s = scene();
});

const archive = (): string => `${s.dir}/archive/a`;

function args(k: number, source: string, extra: readonly string[] = []): readonly string[] {
  const places = ['--archive-dir', `${s.dir}/archive`, '--name', 'a', '--volsize', '1', '--concurrency', '0'];
  return [...PLAIN, '-v5', ...places, '--current-time', String(timeOfSet(k)), ...extra, source, s.url];
}

async function die(words: readonly string[], volume = 3): Promise<void> {
  const result = await duplicity(words, faults({ op: 'put', match: `.vol${volume}.`, when: 'before', do: 'kill' }));
  expect(result.signal).toBe('SIGKILL');
}

async function restored(k: number): Promise<string> {
  const target = `${tempDir(s.dir)}/out`;
  const places = ['--archive-dir', `${s.dir}/archive`, '--name', 'a', '--no-encryption'];
  await good([...places, 'restore', '--time', String(timeOfSet(k)), s.url, target]);
  return target;
}

/** A file that was changed within the last 20 ms is not gone on with in its middle: clocks of files have steps. */
const filesAge = (): Promise<void> => pause(50);

/** Files before, within and behind the place where it dies. */
function tree(k: number): Record<string, Buffer> {
  const first = Object.fromEntries(Array.from({ length: 5 }, (_none, i) => [`a${i}`, noise(20_000, 10 * k + i)]));
  return { ...first, big: noise(4_000_000, 100 + k), z: noise(1000, 200 + k) };
}

test('a source that is one large file goes on in its middle, full and incremental', async () => {
  const file = `${s.dir}/disk`;
  for (const k of [0, 1]) {
    const content = noise(4_000_000, 300 + k);
    writeFileSync(file, content);
    // A change within the second of the version before is not noticed.
    utimesSync(file, timeOfSet(k - 1), timeOfSet(k - 1));
    await filesAge();
    await die(args(k, file));
    const { stdout } = await good(args(k, file));
    expect(stdout).toContain('Restarting after volume 2');
    expect(readFileSync(await restored(k)).equals(content)).toBe(true);
  }
});

test('--progress changes nothing about going on in the middle of a file', async () => {
  put(s.source, tree(0));
  await filesAge();
  await die(args(0, s.source, ['--progress']));
  const { stdout } = await good(args(0, s.source, ['--progress']));
  expect(stdout).toMatch(/Restarting after volume 2, file big, block [1-9]/);
  expect(treeOf(await restored(0))).toEqual(treeOf(s.source));
});

test('a file in whose middle it died may be excluded: the backup begins again before it', async () => {
  put(s.source, tree(0));
  await filesAge();
  await die(args(0, s.source));
  await good(args(0, s.source, ['--exclude', `${s.source}/big`]));
  expect(names(await restored(0))).toEqual(['a0', 'a1', 'a2', 'a3', 'a4', 'z']);
  expect(names(archive()).filter((name) => /part|resume/.test(name))).toEqual([]);
});

describe('unfinished signatures that a bad disk has changed', () => {
  test.each([
    ['zeros in their middle', (bytes: Buffer, at: number) => bytes.fill(0, at, at + 2048)],
    ['one bit of a header', (bytes: Buffer, at: number) => bytes.writeUInt8((bytes[at + 100] ?? 0) ^ 1, at + 100)],
    ['one bit of a signature', (bytes: Buffer, at: number) => bytes.writeUInt8((bytes[at + 530] ?? 0) ^ 1, at + 530)],
  ])('%s: nothing is built on them', async (_what, damage) => {
    put(s.source, tree(0));
    await good(args(0, s.source));
    put(s.source, tree(1), timeOfSet(0));
    await filesAge();
    await die(args(1, s.source));
    const part = `${archive()}/${names(archive()).find((name) => /^dup.*sigtar\.part$/.test(name)) ?? ''}`;
    const bytes = readFileSync(part);
    damage(bytes, bytes.indexOf('signature/a2'));
    writeFileSync(part, bytes);
    await good(args(1, s.source));
    expect(treeOf(await restored(1))).toEqual(treeOf(s.source));
    put(s.source, tree(2), timeOfSet(1));
    await good(args(2, s.source));
    expect(treeOf(await restored(2))).toEqual(treeOf(s.source));
  });
});

test('a directory on the way that was replaced by a link to it does not wedge the backup', async () => {
  mkdirSync(`${s.source}/d`);
  put(s.source, { 'd/big': noise(4_000_000, 5), z: 'end' });
  await filesAge();
  await die(args(0, s.source));
  renameSync(`${s.source}/d`, `${s.dir}/elsewhere`);
  symlinkSync(`${s.dir}/elsewhere`, `${s.source}/d`);
  await good(args(0, s.source));
  expect(names(await restored(0))).toEqual(['d', 'z']);
});
