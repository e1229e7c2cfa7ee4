import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect, onTestFinished, test } from 'vitest';
import { NO_PREFIXES } from '../../archive/names/names.ts';
import { openArchiveDir } from '../../cache/archive-dir.ts';
import { appendLedger, type LedgerRecord, readLedger } from '../../cache/ledger.ts';
import type { Repository } from '../repository.ts';
import { compacted, compactLedger } from './compact.ts';
import { compareWithStore, type ListedSet } from './compare.ts';
import { History, placeOf } from './history.ts';
import { mergeOthers } from './share.ts';
import type { Ledger } from './state.ts';

const DAY = 86_400;
const key = (day: number): string => `full ${day * DAY} ${day * DAY}`;
const stamp = (day: number): string => new Date(day * DAY * 1000).toISOString().replace(/[-:]|\.\d+/g, '');
const manifest = (day: number): string => `duplicity-full.${stamp(day)}.manifest`;

function stored(day: number, more: { place?: string; at?: number; sha1?: string } = {}): LedgerRecord {
  return { what: 'stored', at: day * DAY, set: key(day), file: manifest(day), size: 100, sha1: 'a', ...more };
}
const gone = (what: 'removing' | 'removed' | 'forgotten', day: number, at: number): LedgerRecord => ({
  what,
  at: at * DAY,
  set: key(day),
});

function listed(...days: readonly number[]): ReadonlyMap<string, ListedSet> {
  return new Map(
    days.map((day) => {
      const id = { type: 'full', start: day * DAY, end: day * DAY } as const;
      return [key(day), { id, key: key(day), files: new Map([[manifest(day), 100]]), manifests: [manifest(day)] }];
    }),
  );
}

function alarms(
  records: readonly LedgerRecord[],
  there: readonly number[],
  now: number,
  place = '',
): readonly string[] {
  const history = new History(NO_PREFIXES, records);
  return compareWithStore(history, { place, there: listed(...there), now: now * DAY }).alarms.map(
    ({ kind, set }) => `${kind} ${set.id.end / DAY}`,
  );
}

test('a set that was stored and is not there has vanished; one that was to be removed has not', () => {
  expect(alarms([stored(1), stored(2), stored(3)], [3], 4)).toEqual(['vanished 1', 'vanished 2']);
  expect(alarms([stored(1), gone('removing', 1, 2), stored(2)], [2], 4)).toEqual([]);
  expect(alarms([stored(1), gone('forgotten', 1, 2), stored(2)], [1, 2], 4)).toEqual([]);
});

test('one that was removed is shown by late listings, and a day later has come back', () => {
  const records = [stored(1), gone('removed', 1, 2), stored(2)];
  expect(alarms(records, [1, 2], 2.5)).toEqual([]);
  expect(alarms(records, [1, 2], 9)).toEqual(['back 1']);
  expect(alarms([...records, stored(1, { at: 3 * DAY })], [1, 2], 9)).toEqual([]);
});

test('of disks that take turns under one name each is held against itself', () => {
  const records = [stored(1), stored(2, { place: 'b' }), stored(3), stored(4, { place: 'b' })];
  const history = new History(NO_PREFIXES, records);
  const ids = (...days: readonly number[]) => [...listed(...days).values()].map(({ id }) => id);
  expect([placeOf(history, ids(1, 3)), placeOf(history, ids(2)), placeOf(history, ids(9))]).toEqual([
    '',
    'b',
    undefined,
  ]);
  expect(alarms(records, [1, 3], 5, '')).toEqual([]);
  expect(alarms(records, [2], 5, 'b')).toEqual(['vanished 4']);
});

test('what others have just stored may still change, and later may not', () => {
  const seen = (sizes: number, at: number): LedgerRecord => ({
    what: 'seen',
    at: at * DAY,
    set: key(1),
    files: { [manifest(1)]: sizes },
  });
  expect(alarms([seen(-1, 1)], [1], 2)).toEqual([]);
  const history = new History(NO_PREFIXES, [seen(-1, 1)]);
  const looked = compareWithStore(history, { place: '', there: listed(1), now: 4 * DAY });
  expect(looked.unknown.map((set) => set.key)).toEqual([key(1)]);
  expect(alarms([seen(-1, 1), seen(90, 4)], [1], 5)).toEqual(['changed 1']);
});

test('what others have removed is believed, but never of the newest set', () => {
  const history = new History(NO_PREFIXES, [stored(1), stored(2), stored(3)]);
  const others = [gone('removed', 1, 4), gone('removed', 3, 4), { ...stored(1), sha1: 'forged' } as LedgerRecord];
  const { removed } = mergeOthers({ history, prefixes: NO_PREFIXES, place: '' } as Ledger, others, 2 * DAY);
  expect(removed).toEqual([key(1)]);
});

test('a set that others have stored is counted on, and what this machine has stored itself is not described otherwise', () => {
  const history = new History(NO_PREFIXES, [stored(1)]);
  const others = [stored(1, { sha1: 'forged' }), stored(2)];
  const { records } = mergeOthers({ history, prefixes: NO_PREFIXES, place: '' } as Ledger, others, 2 * DAY);
  expect(records).toEqual([stored(2)]);
});

test('a ledger that is compacted tells the same, in a line for each thing that still means something', () => {
  const proven = (day: number, at: number): LedgerRecord => {
    const file = manifest(day).replace('manifest', 'vol1.difftar.gz');
    return { what: 'proven', at: at * DAY, sha1: 'v', file };
  };
  const records: LedgerRecord[] = [{ what: 'machine', at: 0, id: '01234567' }];
  for (let day = 1; day <= 40; day++) {
    records.push(stored(day));
    for (let night = 1; night <= 5; night++) records.push(proven(day, day + night));
    if (day > 5) records.push(gone('removing', day - 5, day), gone('removed', day - 5, day));
  }
  const short = compacted(records, { prefixes: NO_PREFIXES });
  expect(short).toHaveLength(1 + 5 * 2 + 35);
  const states = (all: readonly LedgerRecord[]) =>
    [...new History(NO_PREFIXES, all).sets]
      .map(({ state, at, id }) => `${id.end} ${state} ${at}`)
      .toSorted((a, b) => a.localeCompare(b));
  expect(states(short)).toEqual(states(records));
  expect(compacted(short, { prefixes: NO_PREFIXES })).toEqual(short);
});

test('a long one is written anew in its place, and can be added to', async () => {
  const dir = mkdtempSync(`${tmpdir()}/ledger-`);
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const archiveDir = openArchiveDir(dir, '');
  const records = Array.from({ length: 9000 }, (_, i) => stored(1 + (i % 3), { at: i }));
  appendLedger(archiveDir, records);
  const before = statSync(archiveDir.pathOf('ledger.jsonl')).size;
  const repository = { archiveDir, dryRun: false } as unknown as Repository;
  await compactLedger(repository, { prefixes: NO_PREFIXES } as Ledger);
  appendLedger(archiveDir, [stored(4)]);
  expect(statSync(archiveDir.pathOf('ledger.jsonl')).size).toBeLessThan(before / 1000);
  expect(readLedger(archiveDir).map((record) => 'set' in record && record.set)).toEqual([1, 2, 3, 4].map(key));
});
