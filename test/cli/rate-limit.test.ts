import { beforeEach, expect, test } from 'vitest';

import {
  backUp,
  duplicity,
  faults,
  good,
  noise,
  PLAIN,
  put,
  restoredTree,
  type Scene,
  scene,
  treeOf,
} from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';

/** What 600 KiB of noise take at 400 KiB per second, without what may go at once. */
const LEAST_MS = 1200;
const AT_ONCE = ['--volsize', '1', '--no-compression'];

let s: Scene;
beforeEach(() => {
  s = scene();
  put(s.source, { a: noise(600 * 1024) });
});

async function timed(run: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await run();
  return performance.now() - began;
}

test('a backup and a restore take the time of their limits', async () => {
  expect(await timed(() => backUp(s, 0, [...AT_ONCE, '--limit-upload', '400']))).toBeGreaterThan(LEAST_MS);
  let tree: unknown;
  const limit = ['--limit-download', '400'];
  expect(await timed(async () => (tree = await restoredTree(s, 0, limit)))).toBeGreaterThan(LEAST_MS);
  expect(tree).toEqual(treeOf(s.source));
});

test('of two places that the same files go to, each counts', async () => {
  const { dir, source } = s;
  put(dir, { 'stores.json': JSON.stringify([{ url: `file://${dir}/one` }, { url: `file://${dir}/two` }]) });
  const url = `multi://${dir}/stores.json?mode=mirror`;
  const run = () => good([...AT_ONCE, '--limit-upload', '800', source, url]);
  expect(await timed(run)).toBeGreaterThan(LEAST_MS);
});

test('replicate keeps to the limit of either end', async () => {
  await backUp(s, 0, AT_ONCE);
  for (const limit of ['--limit-upload', '--limit-download']) {
    const run = () => good(['replicate', limit, '400', s.url, `file://${tempDir(s.dir)}`]);
    expect(await timed(run)).toBeGreaterThan(LEAST_MS);
  }
});

test('what is sent again counts again', async () => {
  const run = () =>
    good(
      [...AT_ONCE, '--backend-retry-delay', '0', '--limit-upload', '800', s.source, s.url],
      faults({ op: 'put', match: 'vol1', do: 'error', when: 'after', count: 1 }),
    );
  expect(await timed(run)).toBeGreaterThan(LEAST_MS);
});

test('0 is no limit, and less is a usage error', async () => {
  await backUp(s, 0, ['--limit-upload', '0', '--limit-download', '0']);
  for (const value of ['-1', '1.5', 'fast', '']) {
    const { status, stderr } = await duplicity([...PLAIN, `--limit-upload=${value}`, s.source, s.url]);
    expect([status, stderr]).toEqual([2, expect.stringContaining('--limit-upload')]);
  }
});
