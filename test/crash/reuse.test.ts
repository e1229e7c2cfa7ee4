import { cpSync, rmSync, utimesSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Listed } from '../support/listing.ts';
import { succeeded } from '../support/processes.ts';
import { duplicity, faults, good, names, noise, PLAIN, put, type Scene, scene, treeOf } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { timeOfSet } from '../support/times.ts';

// A full backup that takes over volumes of the last one dies at every place where it could have stored something. Nothing
// of it may be visible before it is whole, nothing that was there may be lost, and the next run gets on by itself.

let s: Scene;
let template: string;
const trees: Listed[][] = [];
/** Files of the whole second backup, in the order in which they are made: `copy` or `put`, and what their names hold. */
let steps: readonly (readonly ['copy' | 'put', string])[] = [];

const places = (): readonly string[] => ['--archive-dir', `${s.dir}/archive`, '--name', 'a', '--volsize', '1'];
const args = (k: number, ...more: readonly string[]): readonly string[] => [
  ...PLAIN,
  ...places(),
  '-v5',
  '--reuse-volumes',
  'auto',
  ...more,
  '--current-time',
  String(timeOfSet(k)),
  s.source,
  s.url,
];

beforeAll(async () => {
  s = scene();
  const files = Object.fromEntries(
    ['a', 'b', 'c', 'm/1', 'm/2', 'n', 'o', 'p'].map((name, i) => [name, noise(700_000, i + 1)]),
  );
  put(s.source, files, timeOfSet(-1));
  trees.push(treeOf(s.source));
  succeeded(await duplicity(args(0)));
  template = tempDir();
  for (const place of ['remote', 'archive']) cpSync(`${s.dir}/${place}`, `${template}/${place}`, { recursive: true });
  put(s.source, { 'm/1': noise(750_000, 50), 'm/new': noise(100_000, 51) }, timeOfSet(0) - 60);
  // The root is in the first volume.
  utimesSync(s.source, timeOfSet(-1), timeOfSet(-1));
  trees.push(treeOf(s.source));
  const { stdout } = succeeded(await duplicity(args(1, 'full')));
  const copied = new Set([...stdout.matchAll(/\.(vol\d+\.)\S+ is a copy of/g)].map(([, name]) => name));
  const volumes = names(s.remote).filter((name) => name.includes('20231115') && name.includes('.vol'));
  steps = volumes.map((_name, i) => [copied.has(`vol${i + 1}.`) ? 'copy' : 'put', `.vol${i + 1}.`]);
});

function begin(): void {
  for (const place of ['remote', 'archive']) {
    rmSync(`${s.dir}/${place}`, { recursive: true });
    cpSync(`${template}/${place}`, `${s.dir}/${place}`, { recursive: true });
  }
}

async function restored(time: number | undefined): Promise<Listed[]> {
  const target = `${tempDir(s.dir)}/out`;
  await good([...places(), 'restore', ...(time === undefined ? [] : ['--time', String(time)]), s.url, target]);
  const tree = treeOf(target);
  rmSync(target, { recursive: true });
  return tree;
}

async function survive(op: string, match: string, when: 'before' | 'after'): Promise<void> {
  begin();
  const { signal } = await duplicity(args(1, 'full'), faults({ op, match: match, when, do: 'kill' }));
  expect(signal).toBe('SIGKILL');
  const isWhole = match === '.manifest' && when === 'after';
  expect(await restored(undefined)).toEqual(trees[isWhole ? 1 : 0]);
  // What was done of it stays; of the rest what can be copied is.
  const again = isWhole ? ' reused; ' : succeeded(await duplicity(args(1, 'full'))).stdout;
  expect(again).toMatch(/ reused; |Restarting after volume/);
  expect(await restored(undefined)).toEqual(trees[1]);
  expect(await restored(timeOfSet(0))).toEqual(trees[0]);
  const { stdout } = await good([...places(), 'cleanup', '--force', s.url]);
  expect(names(s.remote).filter((name) => name.endsWith('.part'))).toEqual([]);
  expect(stdout.replaceAll(/.*\.part\n/g, '')).not.toMatch(/vol\d/);
}

/** Every one with REUSE=all. */
const isLong = process.env['REUSE'] === 'all';

describe('a full backup with volumes of the last one', () => {
  test('copies some and makes others anew', () => {
    expect(steps.filter(([how]) => how === 'copy').length).toBeGreaterThan(2);
    expect(steps.filter(([how]) => how === 'put').length).toBeGreaterThan(1);
  });

  test.each(['first copy', 'first upload', 'last copy'] as const)(
    'that dies before the %s costs nothing but itself',
    async (which) => {
      const wanted = which.endsWith('copy') ? 'copy' : 'put';
      const fitting = steps.filter(([how]) => how === wanted);
      const [op, match] = (which.startsWith('first') ? fitting[0] : fitting.at(-1)) ?? ['copy', 'none'];
      await expect(survive(op, match, 'before')).resolves.toBeUndefined();
    },
  );

  test.each([
    ['.sigtar', 'before'],
    ['.manifest', 'before'],
    ['.manifest', 'after'],
  ] as const)('that dies at the upload of %s (%s) costs nothing but itself', async (match, when) => {
    await expect(survive('put', match, when)).resolves.toBeUndefined();
  });

  test.runIf(isLong)('that dies anywhere costs nothing but itself', { timeout: 600_000 }, async () => {
    for (const when of ['before', 'after'] as const) {
      for (const [op, match] of steps) await expect(survive(op, match, when)).resolves.toBeUndefined();
    }
    await survive('put', '.sigtar', 'after');
  });

  test('that dies twice, the second time at another place, costs nothing but itself', async () => {
    begin();
    const copies = steps.filter(([how]) => how === 'copy');
    const kill = (match = 'none'): object => faults({ op: 'copy', match, when: 'after', do: 'kill' });
    expect((await duplicity(args(1, 'full', '--concurrency', '0'), kill(copies[1]?.[1]))).signal).toBe('SIGKILL');
    expect((await duplicity(args(1, 'full', '--concurrency', '0'), kill(copies.at(-1)?.[1]))).signal).toBe('SIGKILL');
    expect(await restored(undefined)).toEqual(trees[0]);
    succeeded(await duplicity(args(1, 'full')));
    expect(await restored(undefined)).toEqual(trees[1]);
  });
});
