import { describe, expect, test } from 'vitest';
import { formatStamp } from '../../util/time.ts';
import { buildCollection, type Collection } from '../collection.ts';
import { filesBySet } from './files-of-set.ts';
import { type Fate, planPrune, type PrunePlan } from './plan.ts';
import type { Policy } from './policy.ts';

/** Times are days after 2023-11-14 22:13:20 UTC. */
const at = (days: number): number => 1_700_000_000 + days * 86_400;
const days = (time: number): number => Math.round((time - at(0)) / 86_400);
const NOW = 500;

type Part = 'manifest' | 'volume' | 'signatures';

/** The files of `0` (a full) or of `0-1` (an increment); of `0-1!volume` without those. */
function files(word: string): string[] {
  const [set = '', gone] = word.split('!');
  const [start = '', end] = set.split('-').map((day) => formatStamp(at(Number(day))));
  const stem = end === undefined ? start : `${start}.to.${end}`;
  const [kind, signatures] = end === undefined ? ['full', 'full'] : ['inc', 'new'];
  const names: Record<Part, string> = {
    manifest: `duplicity-${kind}.${stem}.manifest`,
    signatures: `duplicity-${signatures}-signatures.${stem}.sigtar.gz`,
    volume: `duplicity-${kind}.${stem}.vol1.difftar.gz`,
  };
  return Object.entries(names).flatMap(([part, name]) => (part === gone ? [] : [name]));
}

function collect(state: string, local: readonly string[] = []): Collection {
  return buildCollection({ remote: state.split(' ').flatMap(files), local, now: at(NOW) });
}

function word(fate: Fate): string {
  if (fate.kind === 'wanted') return fate.reasons.map(({ rule, number }) => `${rule}${number}`).join('+');
  if (fate.kind === 'needed') return `for ${days(fate.by)}`;
  return fate.kind === 'held' ? fate.why : 'removed';
}

/** `0:removed 1:last1`: what becomes of each set. */
function fates(plan: PrunePlan): string {
  return plan.sets.map(({ set, fate }) => `${days(set.end)}:${word(fate)}`).join(' ');
}

const plan = (state: string, policy: Policy): PrunePlan => planPrune(collect(state), policy);

describe('what goes', () => {
  test.each<[string, Policy, string]>([
    ['0 0-1 1-2 9 9-10', { last: 1 }, '0:removed 1:removed 2:removed 9:for 10 10:last1'],
    ['0 0-1 1-2 9 9-10', { last: 4 }, '0:for 1 1:last4 2:last3 9:last2 10:last1'],
    ['0 0-1 1-2 9', { last: 3 }, '0:for 1 1:last3 2:last2 9:last1'],
    // Trailing increments go, those between stay for what builds on them.
    ['0 0-1 1-2 2-3 9 9-10', { within: 86_400 * 8.5 }, '0:for 2 1:for 2 2:within4 3:within3 9:within2 10:within1'],
    ['0 0-1 1-2 2-3 30', { monthly: 1 }, '0:removed 1:removed 2:removed 3:removed 30:monthly1'],
  ])('%s', (state, policy, expected) => {
    expect(fates(plan(state, policy))).toBe(expected);
  });

  test('is in the order of deletion newest first in a chain, the older chain first', () => {
    const { removed } = plan('0 0-1 1-2 5 5-6 9', { last: 1 });
    expect(removed.map(({ end }) => days(end))).toEqual([2, 1, 0, 6, 5]);
  });

  test('goes with all its files, the manifest first and what is in the archive dir last', () => {
    const state = '0 0-1 9';
    const local = files('0-1').filter((name) => !name.includes('difftar'));
    const collection = collect(state, local);
    const filesOf = filesBySet(collection);
    const gone = planPrune(collection, { last: 1 }).removed.flatMap(filesOf);
    expect(gone.map(({ place, name }) => `${place} ${name}`)).toEqual([
      ...files('0-1').map((name) => `remote ${name}`),
      ...local.map((name) => `local ${name}`),
      ...files('0').map((name) => `remote ${name}`),
    ]);
  });
});

describe('what no rule is asked about stays', () => {
  test.each<[string, string, string]>([
    [
      'an increment beside its chain, which would be the chain else',
      '0 0-1 0-2 9',
      '0:for 1 1:beside 2:beside 9:last1',
    ],
    ['what is dated after now', '0 0-1 1-830 9', '0:for 830 1:for 830 9:last1 830:ahead'],
    ['a full that is dated after now', '0 9 830 830-831', '0:removed 9:last1 830:ahead 831:ahead'],
    [
      'a set that lacks volumes, with what is on both sides',
      '0 0-1 1-2!volume 2-3 9',
      '0:for 2 1:for 2 2:damaged 3:damaged 9:last1',
    ],
    ['a newest set that lacks volumes: the last whole one counts', '0 0-1 9!volume', '0:for 1 1:last1 9:damaged'],
    ['a set without manifest', '0 0-1!manifest 9', '0:removed 1:incomplete 9:last1'],
    ['an increment without a chain', '0 3-4 9', '0:removed 4:orphaned 9:last1'],
  ])('%s', (_name, state, expected) => {
    expect(fates(plan(state, { last: 1 }))).toBe(expected);
  });

  test('a set that a backup goes on with, and its base', () => {
    const remote = ['0', '0-1', '9'].flatMap(files);
    const partial = files('1-2').filter((name) => name.includes('vol1'));
    const local = files('1-2')
      .filter((name) => name.endsWith('.manifest'))
      .map((name) => `${name}.part`);
    const collection = buildCollection({ remote: [...remote, ...partial], local, now: at(NOW) });
    expect(fates(planPrune(collection, { last: 1 }))).toBe('0:for 2 1:for 2 2:partial 9:last1');
  });

  test('but what tells the same as others goes with them', () => {
    expect(fates(plan('0 0-1 1-2 0-2 9', { last: 1 }))).toBe('0:removed 1:removed 2:removed 2:removed 9:last1');
    expect(fates(plan('0 0-1 1-2 0-2 9', { last: 2 }))).toBe('0:for 2 1:for 2 2:orphaned 2:last2 9:last1');
  });
});

test('the newest set stays when its signatures are lost, and what it builds on', () => {
  const local = ['0', '0-1'].flatMap(files).filter((name) => name.includes('signatures'));
  expect(fates(planPrune(collect('0 0-1 1-2!signatures', local), { last: 1 }))).toBe('0:for 2 1:for 2 2:last1');
});

test('chains that overlap are of two sources, and the rules count for each', () => {
  const state = '0 0-2 2-4 1 1-3 3-5 8 8-9';
  expect(fates(plan(state, { last: 1 }))).toBe('0:for 4 1:removed 2:for 4 3:removed 4:last1 5:removed 8:for 9 9:last1');
  // Without an overlap the older ones would go.
  expect(fates(plan('0 0-2 2-4 5 5-6 8 8-9', { last: 1 }))).toMatch(
    /^0:removed 2:removed 4:removed 5:removed 6:removed/,
  );
});

test('neighbours that stay only for one that builds on them can be merged with it', () => {
  // The weeks end with the days 5, 12, 19 and 26.
  const { mergeable, sets } = plan('0 0-1 1-3 3-5 5-11 11-12 12-19 19-23 23-24 30', { weekly: 4, last: 2 });
  expect(sets.filter(({ fate }) => fate.kind === 'wanted').map(({ set }) => days(set.end))).toEqual([12, 19, 24, 30]);
  expect(mergeable.map((run) => run.map(({ end }) => days(end)))).toEqual([
    [1, 3, 5, 11, 12],
    [23, 24],
  ]);
});

describe('when a set would go', () => {
  const until = (state: string, policy: Policy): string =>
    plan(state, policy)
      .sets.map(({ set, until: date }) => `${days(set.end)}:${date === undefined ? '' : days(date)}`)
      .join(' ');

  test('is when the last rule lets go of all that builds on it, were backups to go on so', () => {
    // A full every ten days, an increment every two: the third from now takes the place of the last of these.
    const chain = (from: number): string =>
      [`${from}`, ...[0, 2, 4, 6].map((i) => `${from + i}-${from + i + 2}`)].join(' ');
    const state = [480, 490].map(chain).join(' ');
    expect(until(state, { last: 3 })).toBe('480: 482: 484: 486: 488: 490:504 492:504 494:504 496:504 498:504');
  });

  test('is not known after one set, nor for the first chain', () => {
    expect(until('0', { last: 1 })).toBe('0:');
    expect(until('0 0-1 1-2', { last: 1 })).toBe('0: 1: 2:');
  });
});
