import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { observe } from '../support/observe.ts';
import { backUp, names, noise, PLAIN, put, scene } from '../support/scene.ts';
import { timeOfSet } from '../support/times.ts';

/** Modules of node that cost milliseconds to load, and that a question about names has no use for. */
const COSTLY = ['child_process', 'crypto', 'net', 'stream', 'tls', 'worker_threads', 'zlib'];

test('an incremental backup without changes looks each entry of the source up once and opens no file', async () => {
  const place = scene();
  put(place.source, { 'a/b/one': '1', 'a/two': '22', 'c/three': '333', empty: '', none: null });
  symlinkSync('a/two', `${place.source}/link`);
  await backUp(place, 0);
  const { source, url } = place;
  const args = ['incremental', ...PLAIN, '--current-time', String(timeOfSet(1)), source, url];
  const { opened, lookedUp } = await observe(args);
  const inside = (paths: readonly string[]) => paths.filter((path) => path.startsWith(`${source}/`)).toSorted();
  expect(inside(opened)).toEqual([]);
  const entries = ['a', 'a/b', 'a/b/one', 'a/two', 'c', 'c/three', 'empty', 'link', 'none'];
  expect(inside(lookedUp)).toEqual(entries.map((entry) => `${source}/${entry}`));
});

test('restoring one file opens the volumes that hold it and no other', async () => {
  const place = scene();
  const { dir, remote, source, url } = place;
  const files = ['f1', 'f2', 'f3', 'f4', 'f5', 'f6', 'f7'];
  put(source, Object.fromEntries(files.map((name, i) => [name, noise(1_000_000, i)])));
  await backUp(place, 0, ['full', '--volsize', '1']);
  const manifest = names(remote).find((name) => name.endsWith('.manifest')) ?? '';
  const ranges = readFileSync(`${remote}/${manifest}`, 'latin1').matchAll(
    /^Volume (\d+):\n +StartingPath +(\S+).*\n +EndingPath +(\S+)/gm,
  );
  const volumes = [...ranges].map(([, number = '', first = '', last = '']) => ({ number, first, last }));
  expect(volumes.length).toBeGreaterThanOrEqual(5);
  const holding = volumes.filter(({ first, last }) => (first === '.' || first <= 'f4') && 'f4' <= last);

  const { opened } = await observe(['restore', ...PLAIN, '--file-to-restore', 'f4', url, `${dir}/out`]);
  const numbers = opened.flatMap((path) => /\.vol(\d+)\.difftar/.exec(path)?.[1] ?? []);
  expect([...new Set(numbers)]).toEqual(holding.map(({ number }) => number));
  expect(readFileSync(`${dir}/out`).equals(noise(1_000_000, 3))).toBe(true);
});

test('only what works with profiles compiles the libraries for them', async () => {
  const { dir, url } = scene();
  writeFileSync(`${dir}/p.toml`, `version = 1\ninclude = ["/etc"]\nto = "${url}"\n`);
  const isLoaded = async (...words: readonly string[]) => new Set((await observe(words)).scripts);
  expect(await isLoaded('profile', 'check', `${dir}/p.toml`)).toEqual(
    new Set(['duplicity-toml.cjs', 'duplicity-zod.cjs']),
  );
  expect(await isLoaded('collection-status', url)).toEqual(new Set());
  expect(await isLoaded('help', 'profile')).toEqual(new Set());
});

test.each([['--version'], ['--help'], ['collection-status']])('%s loads no costly module of node', async (word) => {
  const { url } = scene();
  const { modules } = await observe(word === 'collection-status' ? [word, '--name', 'x', url] : [word]);
  expect(modules.filter((name) => COSTLY.includes(name))).toEqual([]);
});
