import { describe, expect, test } from 'vitest';
import { formatStamp } from '../util/time.ts';
import { buildCollection, type Collection, isAhead } from './collection.ts';
import { planCleanup, planRemoveAllButNFull, planRemoveIncsOfAllButNFull, planRemoveOlderThan } from './deletion.ts';
import { setsFor, signaturesFor } from './lookup.ts';
import { collectionWarnings } from './warnings.ts';

/** Times are small numbers here: days after 2023-11-14 22:13:20 UTC. */
const at = (days: number): number => 1_700_000_000 + days * 86_400;
const NOW = 100;

type Part = 'manifest' | 'volume' | 'signatures';
const ALL: readonly Part[] = ['manifest', 'volume', 'signatures'];

/** The files of `0` (a full) or of `0-1` (an increment). */
function files(set: string, parts: readonly Part[] = ALL): string[] {
  const [start = '', end] = set.split('-').map((days) => formatStamp(at(Number(days))));
  const [stem, signatures] =
    end === undefined
      ? [`full.${start}`, `full-signatures.${start}`]
      : [`inc.${start}.to.${end}`, `new-signatures.${start}.to.${end}`];
  const names = {
    manifest: `duplicity-${stem}.manifest`,
    volume: `duplicity-${stem}.vol1.difftar.gz`,
    signatures: `duplicity-${signatures}.sigtar.gz`,
  };
  return parts.map((part) => names[part]);
}

/** `0 0-1 1-2!manifest`: sets, and what is gone of them. */
function collect(state: string, now = NOW): Collection {
  const remote = state.split(' ').flatMap((word) => {
    const [set = '', gone] = word.split('!');
    return files(
      set,
      ALL.filter((part) => part !== gone),
    );
  });
  return buildCollection({ remote, local: [], now: at(now) });
}

const days = (time: number): number => Math.round((time - at(0)) / 86_400);
const ends = (sets: readonly { readonly end: number }[]): number[] => sets.map(({ end }) => days(end));
const restored = (collection: Collection, time = Infinity): string => ends(setsFor(collection, time)).join();
const listed = (collection: Collection, time = Infinity): string =>
  ends(signaturesFor(collection, time)?.files ?? []).join();
const leftOut = (collection: Collection): string => ends(collection.chains.flatMap(({ beside }) => beside)).join();

describe('of two increments of one base', () => {
  test.each([
    // state, way of the newest state, of day 1, of day 2, what is left out, what is spare
    ['0 0-1 0-2', '0,2', '0,1', '0,2', '1', ''],
    ['0 0-1 0-2 1-2', '0,1,2', '0,1', '0,1,2', '', '2'],
    ['0 0-1!manifest 0-2 1-2', '0,2', '0', '0,2', '', '2'],
    ['0 0-1 0-2 1-2!manifest', '0,2', '0,1', '0,2', '1', ''],
    ['0 0-1!manifest 0-2 1-2!manifest', '0,2', '0', '0,2', '', ''],
    ['0 0-1 0-2!manifest 1-2', '0,1,2', '0,1', '0,1,2', '', ''],
    ['0 0-1 0-2 1-2!volume', '0,2', '0,1', '0,2', '1', '2'],
    ['0 0-1 0-2 1-2!signatures', '0,2', '0,1', '0,2', '1', '2'],
    ['0 0-1 0-2 1-3', '0,1,3', '0,1', '0,2', '2', ''],
    ['0 0-1 0-2 2-3', '0,2,3', '0,1', '0,2', '1', ''],
    ['0 0-1 0-2 1-2 2-3', '0,1,2,3', '0,1', '0,1,2', '', '2'],
    ['0 0-1 1-2 0-3', '0,1,2', '0,1', '0,1,2', '3', ''],
    ['0 0-1 1-2 0-3 1-3', '0,1,3', '0,1', '0,1,2', '2', '3'],
    ['0 0-2 0-1 1-4 2-3 3-5', '0,2,3,5', '0,1', '0,2', '1,4', ''],
  ])('%s', (state, newest, first, second, beside, spare) => {
    const collection = collect(state);
    expect([restored(collection), restored(collection, at(1)), restored(collection, at(2))]).toEqual([
      newest,
      first,
      second,
    ]);
    expect([listed(collection), listed(collection, at(1)), listed(collection, at(2))]).toEqual([newest, first, second]);
    expect([
      ends(collection.active?.chain.sets ?? []).join(),
      ends(collection.active?.signatures.files ?? []).join(),
    ]).toEqual([newest, newest]);
    expect(leftOut(collection)).toBe(beside);
    expect(ends(collection.orphaned).join()).toBe(spare);
    expect(collectionWarnings(collection).some(({ about }) => about === 'setsBeside')).toBe(beside !== '');
  });

  test('any can be restored at its own time, and none comes in between once the chain has got further', () => {
    const collection = collect('0 0-1 1-2 0-3 2-5');
    const at3 = [2.9, 3, 3.5, 5, 6].map((time) => restored(collection, at(time)));
    expect(at3).toEqual(['0,1,2', '0,3', '0,3', '0,1,2,5', '0,1,2,5']);
    const newest = collect('0 0-1 1-2 0-3');
    expect([2.9, 3, 3.5].map((time) => restored(newest, at(time)))).toEqual(['0,1,2', '0,3', '0,1,2']);
  });

  test('the one left out is none of what cleanup deletes, and goes with its chain, signatures too', () => {
    const collection = collect('0 0-1 0-2 9');
    expect(planCleanup(collection).files).toEqual([]);
    const { steps } = planRemoveAllButNFull(collection, 1);
    const gone = steps.flatMap((step) => step.files.map(({ name }) => name));
    expect(gone.toSorted()).toEqual(['0', '0-1', '0-2'].flatMap((set) => files(set)).toSorted());
    const incs = planRemoveIncsOfAllButNFull(collection, 1).steps.flatMap((step) => step.files.map(({ name }) => name));
    expect(incs.toSorted()).toEqual(['0-1', '0-2'].flatMap((set) => files(set)).toSorted());
  });

  test('the newer one keeps its chain, though that has got less far', () => {
    expect(planRemoveOlderThan(collect('0 0-1 1-2 0-5 9'), at(4)).times).toEqual([]);
  });

  test('signatures that are lost cost the newest set only', () => {
    const collection = collect('0 0-1 1-2!signatures');
    expect([restored(collection), listed(collection)]).toEqual(['0,1,2', '0,1']);
    expect(signaturesFor(collection, Infinity)).toMatchObject({ end: at(1), wanted: at(2) });
  });
});

describe('what is dated after now', () => {
  const AHEAD = 830;

  test.each([
    // state, way of the newest state, base, chains that are ahead
    ['0 0-830', '0', '0', ''],
    ['0 0-830 0-3', '0,3', '0,3', ''],
    ['0 830', '0', '0', '830'],
    ['0 830 0-3', '0,3', '0,3', '830'],
    ['0 830 830-831 0-3 3-4', '0,3,4', '0,3,4', '831'],
    ['0 0-1 1-830 830-831', '0,1', '0,1', ''],
    ['0 0-830 5', '5', '5', ''],
  ])('is neither restored nor built upon: %s', (state, newest, base, ahead) => {
    const collection = collect(state);
    expect([restored(collection), listed(collection), restored(collection, at(9999))]).toEqual([
      newest,
      newest,
      newest,
    ]);
    expect(ends(collection.active?.signatures.files ?? []).join()).toBe(base);
    expect(ends(collection.ahead).join()).toBe(ahead);
    expect(collectionWarnings(collection).map(({ about }) => about)).toEqual(['setsAhead']);
    expect(collection.isClockDoubted).toBe(false);
    expect(planCleanup(collection).files).toEqual([]);
  });

  test('is restored by its very own time', () => {
    expect(restored(collect('0 0-830 0-3'), at(AHEAD))).toBe('0,830');
    expect(restored(collect('0 830 830-831 3'), at(831))).toBe('830,831');
    expect(listed(collect('0 830 830-831 3'), at(831))).toBe('830,831');
  });

  test('is not counted as a full to keep', () => {
    const gone = planRemoveAllButNFull(collect('0 3 3-4 830'), 1).steps.flatMap(({ files }) =>
      files.map(({ name }) => name),
    );
    expect(gone.toSorted()).toEqual(files('0').toSorted());
  });

  test('is removed, and nothing else, by a time that is later', () => {
    const state = '0 0-830 0-1 3 3-4 4-832 831 840';
    const gone = planRemoveOlderThan(collect(state), at(835)).steps.flatMap((step) =>
      step.files.map(({ name }) => name),
    );
    expect(gone.toSorted()).toEqual(['0-830', '4-832', '831'].flatMap((set) => files(set)).toSorted());
    expect(planRemoveOlderThan(collect('0 3'), at(835)).times).toEqual([]);
    expect(planRemoveOlderThan(collect('0 3'), at(NOW)).times).toEqual([at(0)]);
  });

  test('begins a minute after now, as clocks differ', () => {
    const remote = files('0');
    const collection = (now: number): Collection => buildCollection({ remote, local: [], now });
    const [set] = collection(at(1)).chains[0]?.sets ?? [];
    if (set === undefined) throw new Error('no set');
    expect([at(0) - 60, at(0) - 61].map((now) => isAhead(collection(now), set))).toEqual([false, true]);
  });

  test('is everything: then it is the clock that is doubted', () => {
    const collection = collect('0 0-1 3', -20_000);
    expect(collection.isClockDoubted).toBe(true);
    expect([restored(collection), listed(collection), ends(collection.chains).join()]).toEqual(['3', '3', '1,3']);
    expect(collectionWarnings(collection)[0]?.about).toBe('doubtedClock');
    expect(planRemoveAllButNFull(collection, 1).times).toEqual([at(1)]);
  });

  test('is not the unfinished set that a chain ends with', () => {
    const part = files('0-830', ['manifest'])[0] ?? '';
    const collection = buildCollection({ remote: files('0'), local: [`${part}.part`], now: at(NOW) });
    expect(collection.partial?.end).toBe(at(AHEAD));
    expect(ends(collection.active?.chain.sets ?? [])).toEqual([0]);
  });
});

test('an unfinished set beside its chain is known, and costs no finished one', () => {
  // The signatures of day 2 are lost, so the run of day 3 built on day 1, and died.
  const [manifest = '', volume = ''] = files('1-3');
  const collection = buildCollection({
    remote: [...files('0'), ...files('0-1'), ...files('1-2', ['manifest', 'volume']), volume],
    local: [`${manifest}.part`],
    now: at(NOW),
  });
  expect(collection.partial?.end).toBe(at(3));
  expect(restored(collection)).toBe('0,1,2');
  expect(ends(collection.active?.signatures.files ?? [])).toEqual([0, 1]);
  expect(restored(collection, at(3))).toBe('0,1,2');
  expect(planCleanup(collection).partial?.set.end).toBe(at(3));
});
