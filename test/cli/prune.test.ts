import { cpSync, readFileSync } from 'node:fs';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { json, resultOf } from '../support/json.ts';
import { root } from '../support/paths.ts';
import { backUp, duplicity, faults, good, names, PLAIN, put, type Scene, scene } from '../support/scene.ts';
import { timeOfSet } from '../support/times.ts';

const POLICY = ['--keep-daily', '2', '--keep-monthly', '2'] as const;
const SETS = [
  [0, 'full'],
  [1, 'inc'],
  [2, 'inc'],
  [15, 'full'],
  [20, 'inc'],
  [21, 'full'],
] as const;
let made: Scene;
let s: Scene;

const places = (at: Scene): readonly string[] => ['--archive-dir', `${at.dir}/archive`, '--name', 'a'];
const archived = (): readonly string[] => names(`${s.dir}/archive/a`);
const stamp = (k: number): string => new Date(timeOfSet(k) * 1000).toISOString().slice(0, 19);
const prune = (...words: readonly string[]): readonly string[] => ['prune', ...places(s), ...words, s.url];

/** Days from 14 November on: the second month begins with day 17. */
beforeAll(async () => {
  made = scene();
  for (const [k, kind] of SETS) {
    put(made.source, { a: `state ${k}` }, timeOfSet(k) - 100);
    await backUp(made, k, [...places(made), kind]);
  }
});

beforeEach(() => {
  s = scene();
  for (const place of ['remote', 'archive']) cpSync(`${made.dir}/${place}`, `${s.dir}/${place}`, { recursive: true });
});

async function restored(k: number): Promise<string> {
  await good(['restore', ...places(s), '--time', String(timeOfSet(k)), s.url, `${s.dir}/out`]);
  return readFileSync(`${s.dir}/out/a`, 'utf8');
}

test('the plan tells of each set why it stays, and --force does that and nothing else', async () => {
  const before = [names(s.remote), archived()];
  const { stdout } = await good(prune(...POLICY));
  const table = stdout.split('\n').filter((line) => line.startsWith('20'));
  expect(table.map((line) => line.replace(/ \(until [-\d]+\)$/, '').split(/ {2,}/))).toEqual([
    [stamp(0), 'full', '1', expect.stringMatching(/bytes$/), 'remove'],
    [stamp(1), 'inc', '1', expect.stringMatching(/bytes$/), 'remove'],
    [stamp(2), 'inc', '1', expect.stringMatching(/bytes$/), 'remove'],
    [stamp(15), 'full', '1', expect.stringMatching(/bytes$/), 'keep: monthly #2'],
    [stamp(20), 'inc', '1', expect.stringMatching(/bytes$/), 'keep: daily #2'],
    [stamp(21), 'full', '1', expect.stringMatching(/bytes$/), 'keep: daily #1, monthly #1'],
  ]);
  expect(stdout).toMatch(/^Found 3 of 6 backup sets to remove: .*\nRerun command with --force option/m);
  expect([names(s.remote), archived()]).toEqual(before);

  const planned = resultOf(await json(prune(...POLICY)), 'prune').result;
  expect(planned.isRemoved).toBe(false);
  expect(planned.sets[3]).toMatchObject({
    plan: 'wanted',
    reasons: [{ rule: 'monthly', number: 2, isOldest: false }],
    until: expect.any(String),
  });
  const files = planned.sets.flatMap(({ files = [] }) => files);
  const done = await good(prune(...POLICY, '--force'));
  expect(done.stdout).toMatch(/^Removed 3 of 6 backup sets/m);
  const gone = (place: string): string[] => files.filter((file) => file.place === place).map(({ name }) => name);
  expect(names(s.remote)).toEqual(before[0]?.filter((name) => !gone('remote').includes(name)));
  expect(archived()).toEqual(before[1]?.filter((name) => !gone('local').includes(name)));
  expect(names(s.remote)).toHaveLength(9);
  expect(await restored(20)).toBe('state 20');
});

test('killed while it deletes it leaves whole sets, and a second run does the rest', async () => {
  const killed = await duplicity(
    [...PLAIN, ...prune('--keep-last', '1', '--force')],
    faults({ op: 'delete', match: 'inc.', when: 'after', do: 'kill' }),
  );
  expect(killed.signal).toBe('SIGKILL');
  expect(await restored(1)).toBe('state 1');
  await good(prune('--keep-last', '1', '--force'));
  await good(['cleanup', '--force', ...places(s), s.url]);
  expect(names(s.remote)).toHaveLength(3);
});

test('what a store refuses to delete stays whole, and other chains go', async () => {
  const rule = { op: 'delete', match: 'inc.', do: 'error', code: 'BACKEND_PERMISSION_DENIED', count: 1 };
  const { status, stdout } = await duplicity(
    [...PLAIN, '--num-retries', '1', ...prune('--keep-last', '1', '--force')],
    faults(rule),
  );
  expect(status).toBe(51);
  expect(stdout.match(/could not be deleted/g)).toHaveLength(1);
  // The first chain stays, the second has gone.
  expect(names(s.remote)).toHaveLength(12);
  expect(await restored(2)).toBe('state 2');
});

describe('what is no policy', () => {
  test.each([
    [[], 'prune needs a rule that keeps something.'],
    [['--keep-daily', '0'], 'prune needs a rule that keeps something.'],
    [['--keep-last', '-1'], '--keep-last must be at least 0, not -1.'],
    [['--keep-within', '7d'], `--keep-within needs an interval such as 7D, not '7d': units of time have a case`],
  ])('%s is refused, and nothing is deleted', async (words, says) => {
    const { status, stderr } = await duplicity(prune(...words, '--force'));
    expect([status, stderr]).toEqual([2, expect.stringContaining(says)]);
    expect(names(s.remote)).toHaveLength(18);
  });
});

test('the example of the page about chains is what happens', async () => {
  const page = readFileSync(`${root}/docs/chains.md`, 'utf8');
  const [, script = '', table = ''] = /## What to keep[^]*?```sh\n([^]*?)```\n\n```\n([^]*?)```/.exec(page) ?? [];
  const commands = script.trim().split('\n');
  expect(commands).toHaveLength(2);
  const said: string[] = [];
  for (const command of commands) {
    const words = command.replace('file:///mnt/nas', s.url).split(' ');
    said.push((await good([...words.slice(1), ...places(s)])).stdout);
  }
  for (const line of table.trim().split('\n').slice(2)) expect(said[0]).toContain(line.slice(line.indexOf('bytes')));
  expect(said[1]).toContain('Removed 2 of 6 backup sets');
  expect(names(s.remote)).toHaveLength(12);
});
