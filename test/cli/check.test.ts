import { rmSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { runExample } from '../support/example.ts';
import { errorOf, json, resultOf } from '../support/json.ts';
import { backUp, duplicity, good, names, noise, PLAIN, put, type Scene, scene } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';

/** A full backup of several volumes. */
async function stored(): Promise<Scene> {
  const s = scene();
  put(s.source, { big: noise(2_500_000), 'a/b': 'x' });
  await backUp(s, 0, ['--volsize', '1']);
  return s;
}

const volumeOf = (s: Scene, number: number): string =>
  names(s.remote).find((name) => name.includes(`vol${number}.`)) ?? '';

test('damage is told with what is lost and what to do, on both streams, and ends with 103', async () => {
  const s = await stored();
  const volume = (number: number): string => volumeOf(s, number);
  rmSync(`${s.remote}/${volume(2)}`);
  writeFileSync(`${s.remote}/${volume(3)}`, noise(500, 3));
  const { status, stdout, stderr } = await duplicity([...PLAIN, 'check', s.url]);
  expect(status).toBe(103);
  expect(stdout).toContain(
    `MISSING ${volume(1).replace('vol1', 'vol2')}\n        of the full backup of Tue Nov 14 22:13:20 2023.`,
  );
  expect(stdout).toContain(`DAMAGED ${volume(3)}\n`);
  expect(stdout).toContain('What it holds is of big, and later backups build on it.');
  expect(stdout).toContain('Bring the file back');
  expect(stderr).toContain('2 files of 1 backup set are damaged or missing.\n');
});

test('its result is a line of JSON, also when that is an error', async () => {
  const s = await stored();
  expect(resultOf(await json(['check', s.url]), 'check').result).toMatchObject({
    isSound: true,
    sets: 1,
    damage: [],
    now: { files: 4 },
  });
  rmSync(`${s.remote}/${volumeOf(s, 1)}`);
  const run = await json(['check', s.url]);
  expect(errorOf(run)).toMatchObject({ code: 'DAMAGE_FOUND', exitStatus: 103 });
  expect(errorOf(run).result).toMatchObject({
    isSound: false,
    damage: [
      { kind: 'missing', part: 'volume', place: 'remote', set: { kind: 'full' }, lost: { from: '', to: 'big' } },
    ],
  });
});

describe('options', () => {
  test.each([
    [['--percent', '0'], '--percent needs a number above 0 and up to 100'],
    [['--percent', 'x'], '--percent needs a number above 0 and up to 100'],
    [['--budget', '2X'], '--budget needs a number of bytes such as 500M or 2G'],
    [['--deep', '--percent', '3'], '--deep reads whole chains'],
  ])('%j is refused', async (words, text) => {
    const { status, stderr } = await duplicity([...PLAIN, 'check', ...words, 'file:///nowhere']);
    expect([status, stderr.includes(text)]).toEqual([2, true]);
  });

  test('--percent 50%, --budget 1M and --set are taken, and what was proven is remembered', async () => {
    const s = await stored();
    const half = await good(['check', '--percent', '50%', s.url]);
    expect(half.stdout).toMatch(
      /^proven now +2 files, .*\nnever proven +2 files, .*\nNo damage found in 1 backup set\.\n$/,
    );
    const rest = await good(['check', '--budget', '1M', '--set', 'now', '--older-than', '1D', '--read-data', s.url]);
    expect(rest.stdout).toMatch(/^proven now +2 files, .*\nproven before +2 files, .*, the longest ago on /);
    expect((await good(['check', '--deep', '--forget-missing', s.url])).stdout).toContain(
      'decoded and compared with the signatures',
    );
  });

  test('a place without a backup does not pass', async () => {
    const { status, stderr } = await duplicity([...PLAIN, 'check', `file://${tempDir()}`]);
    expect([status, stderr.split('\n')[0]]).toEqual([30, 'No backup chains found.']);
  });
});

test('the example of docs/check.md is what happens', async () => {
  expect(await runExample('docs/check.md')).toMatchObject({ steps: 6 });
});
