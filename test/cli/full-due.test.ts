import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { beforeEach, expect, test } from 'vitest';
import { json, resultOf } from '../support/json.ts';
import { parseStatus } from '../support/outputs.ts';
import { backUp, duplicity, good, noise, PLAIN, put, type Scene, scene } from '../support/scene.ts';
import { timeOfSet } from '../support/times.ts';

const FORCING = 'forcing full backup';
let s: Scene;
let places: readonly string[];

beforeEach(() => {
  s = scene();
  places = ['--archive-dir', `${s.dir}/archive`, '--name', 'a'];
  put(s.source, { a: noise(1_500_000), b: 'state 0' });
});

async function next(k: number, ...words: readonly string[]): Promise<string> {
  put(s.source, { b: `state ${k}`, c: noise(100_000, k) }, timeOfSet(k) - 100);
  return (await backUp(s, k, [...places, ...words])).stdout;
}

async function kinds(): Promise<string> {
  const { stdout } = await good(['collection-status', ...places, s.url]);
  return parseStatus(stdout)
    .map(({ type }) => type[0])
    .join('');
}

test('a chain gets as many increments as it may have, and no more; each rule that strikes is named', async () => {
  const rule = ['--full-if-chain-longer-than', '1'];
  for (const k of [0, 1]) expect(await next(k, ...rule)).not.toContain(FORCING);
  const share = ['--full-if-chain-larger-than', '5%'];
  const dry = await next(2, ...rule, ...share, '--dry-run');
  const said = [
    `There is 1 increment in the last chain, which is not to hold more than 1: ${FORCING}`,
    expect.stringMatching(
      /^The increments of the last chain have \d.* KB \(the full backup 1\.\d+ MB\), more than .*: forcing/,
    ),
  ];
  expect(dry.split('\n').filter((line) => line.includes(FORCING))).toEqual(said);
  expect(await kinds()).toBe('FI');
  const words = [
    ...places,
    '--current-time',
    String(timeOfSet(2)),
    ...rule,
    ...share,
    '--full-if-chain-larger-than',
    '2G',
  ];
  const { result } = resultOf(await json([...PLAIN, 'backup', ...words, s.source, s.url]), 'backup');
  expect(result).toMatchObject({
    set: { kind: 'full' },
    fullBecause: [{ rule: 'chainLongerThan', increments: 1, most: 1 }],
  });
  expect(await next(3, ...rule)).not.toContain(FORCING);
  expect(await kinds()).toBe('FIFI');
});

test('how long a restore takes is told by an earlier one; before, the rule says that it does not know', async () => {
  await next(0);
  const rule = (most: string): readonly string[] => ['--full-if-restore-longer-than', most];
  expect(await next(1, ...rule('0s'))).toContain('--full-if-restore-longer-than does nothing: it is not known yet');
  expect(await kinds()).toBe('FI');
  await good(['restore', ...places, s.url, `${s.dir}/out`]);
  const file = `${s.dir}/archive/a/rates.json`;
  const { read } = JSON.parse(readFileSync(file, 'utf8')) as { read: number };
  expect(read).toBeGreaterThan(100_000);
  expect(await next(2, ...rule('1D'))).not.toContain(FORCING);
  writeFileSync(file, '{"v":1,"read":1000}');
  const struck = /^To restore the last chain would take about 30 minutes, more than 20 minutes: forcing full backup$/m;
  expect(await next(3, ...rule('20m'))).toMatch(struck);
  expect(await kinds()).toBe('FIIF');
});

test('nothing is measured by a part of a backup, nor in a dry run', async () => {
  await next(0);
  await good(['restore', ...places, '--path-to-restore', 'a', s.url, `${s.dir}/part`]);
  await good(['restore', ...places, '--dry-run', s.url, `${s.dir}/out`]);
  expect(existsSync(`${s.dir}/archive/a/rates.json`)).toBe(false);
  await good(['verify', ...places, s.url, s.source]);
  expect(existsSync(`${s.dir}/archive/a/rates.json`)).toBe(true);
});

test.each([
  ['--full-if-chain-larger-than', 'half', 'needs a share of the full backup (50%) or a size (2G)'],
  ['--full-if-chain-larger-than', '2X', 'needs a share'],
  ['--full-if-chain-longer-than', '-1', 'must be at least 0'],
  ['--full-if-restore-longer-than', '2', 'needs an interval such as 7D'],
])('%s %s is refused', async (flag, value, says) => {
  const { status, stderr } = await duplicity([...PLAIN, flag, value, s.source, s.url]);
  expect([status, stderr]).toEqual([2, expect.stringContaining(says)]);
});
