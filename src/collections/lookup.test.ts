import { describe, expect, test } from 'vitest';
import { buildCollection, type Collection } from './collection.ts';
import { formatStamp } from '../util/time.ts';
import { chainFor, setsFor, signaturesFor } from './lookup.ts';

/** Times are small numbers here: hours after 2023-11-14 22:13:20 UTC. */
const at = (hours: number): number => 1_700_000_000 + hours * 3600;
const stamp = (hours: number): string => formatStamp(at(hours));
const full = (time: number): string[] => files(`full.${stamp(time)}`, `full-signatures.${stamp(time)}`);
const inc = (start: number, end: number): string[] =>
  files(`inc.${stamp(start)}.to.${stamp(end)}`, `new-signatures.${stamp(start)}.to.${stamp(end)}`);
const files = (set: string, signatures: string): string[] => [
  `duplicity-${set}.manifest`,
  `duplicity-${set}.vol1.difftar.gz`,
  `duplicity-${signatures}.sigtar.gz`,
];
const collect = (...remote: string[][]): Collection => buildCollection({ remote: remote.flat(), local: [] });
const hours = (sets: readonly { readonly end: number }[]): number[] => sets.map(({ end }) => (end - at(0)) / 3600);

describe('the state at a time', () => {
  const two = collect(full(0), inc(0, 1), inc(1, 2), full(10), inc(10, 11));

  test.each([
    ['before everything: the oldest full', -5, [0]],
    ['at a full', 0, [0]],
    ['between two sets', 1.5, [0, 1]],
    ['at an increment', 2, [0, 1, 2]],
    ['between two chains', 5, [0, 1, 2]],
    ['in the second chain', 10, [10]],
    ['after everything', 99, [10, 11]],
  ])('%s', (_, time, expected) => {
    expect(hours(setsFor(two, at(time)))).toEqual(expected);
  });

  test('of chains that overlap is the newest set up to it, whichever chain goes on longer', () => {
    const overlapping = collect(full(0), inc(0, 5), full(2), inc(2, 3));
    expect(hours(setsFor(overlapping, at(1)))).toEqual([0]);
    expect(hours(setsFor(overlapping, at(2.5)))).toEqual([2]);
    expect(hours(setsFor(overlapping, at(4)))).toEqual([2, 3]);
    expect(hours(setsFor(overlapping, at(5)))).toEqual([0, 5]);
  });

  test('of nothing is nothing', () => {
    expect(chainFor(collect(), at(0))).toBeUndefined();
    expect(setsFor(collect(), at(0))).toEqual([]);
  });

  test('comes from a set that lost only its signatures', () => {
    const lost = inc(1, 2).filter((name) => !name.includes('signatures'));
    const collection = collect(full(0), inc(0, 1), lost);
    expect(collection.active?.chain.sets).toHaveLength(2);
    expect(hours(setsFor(collection, at(99)))).toEqual([0, 1, 2]);
  });

  test('never comes from an unfinished set', () => {
    const collection = buildCollection({
      remote: [...full(0), `duplicity-inc.${stamp(0)}.to.${stamp(1)}.vol1.difftar.gz`],
      local: [
        `duplicity-full-signatures.${stamp(0)}.sigtar.gz`,
        `duplicity-new-signatures.${stamp(0)}.to.${stamp(1)}.sigtar.part`,
        `duplicity-inc.${stamp(0)}.to.${stamp(1)}.manifest.part`,
      ],
    });
    expect(collection.chains[0]?.sets).toHaveLength(2);
    expect(collection.partial).toBeDefined();
    expect(hours(setsFor(collection, at(99)))).toEqual([0]);
  });

  test('comes from the chain before an unfinished full', () => {
    const collection = buildCollection({
      remote: full(0),
      local: [`duplicity-full.${stamp(9)}.manifest.part`],
    });
    expect(hours(setsFor(collection, at(9)))).toEqual([0]);
    expect(
      setsFor(buildCollection({ remote: [], local: [`duplicity-full.${stamp(9)}.manifest.part`] }), at(9)),
    ).toEqual([]);
  });
});

describe('signatures at a time', () => {
  const two = collect(full(0), inc(0, 1), full(10), inc(10, 11));

  test.each([
    [0, [0]],
    [1, [0, 1]],
    [5, [0, 1]],
    [10.5, [10]],
    [99, [10, 11]],
  ])('%d h', (time, expected) => {
    const found = signaturesFor(two, at(time));
    expect(hours(found?.files ?? [])).toEqual(expected);
    expect(found?.end).toBe(found?.wanted);
  });

  test('before everything are the oldest full ones, and say so', () => {
    const found = signaturesFor(two, at(-1));
    expect(hours(found?.files ?? [])).toEqual([0]);
    expect(found?.end).toBeGreaterThan(at(-1));
  });

  test('are the local ones if there are such', () => {
    const local = [`duplicity-full-signatures.${stamp(0)}.sigtar.gz`];
    const collection = buildCollection({ remote: full(0), local });
    for (const time of [-1, 0, 5]) expect(signaturesFor(collection, at(time))?.place).toBe('local');
  });

  test('are never the unfinished ones', () => {
    const collection = buildCollection({
      remote: full(0),
      local: [
        `duplicity-full-signatures.${stamp(0)}.sigtar.gz`,
        `duplicity-new-signatures.${stamp(0)}.to.${stamp(1)}.sigtar.part`,
        `duplicity-inc.${stamp(0)}.to.${stamp(1)}.manifest.part`,
      ],
    });
    expect(collection.active?.signatures.files).toHaveLength(2);
    expect(hours(signaturesFor(collection, at(9))?.files ?? [])).toEqual([0]);
  });

  const sigs = (from: number, to: number): string =>
    `duplicity-new-signatures.${stamp(from)}.to.${stamp(to)}.sigtar.gz`;

  test('are never those of a set that did not get its manifest, nor what builds on them', () => {
    const headless = inc(1, 2).filter((name) => !name.endsWith('.manifest'));
    const collection = collect(full(0), inc(0, 1), headless, inc(2, 3));
    expect(collection.signatureChains.at(-1)?.files).toHaveLength(4);
    expect(hours(signaturesFor(collection, at(9))?.files ?? [])).toEqual([0, 1]);
    expect(signaturesFor(collect(full(0).filter((name) => !name.endsWith('.manifest'))), at(9))).toBeUndefined();
  });

  test('are not those of a set whose manifest is still unfinished, though they have arrived', () => {
    const local = [sigs(0, 1), `duplicity-inc.${stamp(0)}.to.${stamp(1)}.manifest.part`];
    const collection = buildCollection({
      remote: [...full(0), sigs(0, 1)],
      local: [`duplicity-full-signatures.${stamp(0)}.sigtar.gz`, ...local],
    });
    expect(collection.chains[0]?.sets).toHaveLength(2);
    expect(hours(signaturesFor(collection, at(9))?.files ?? [])).toEqual([0]);
  });

  test('of nothing are none', () => {
    expect(signaturesFor(collect(), at(0))).toBeUndefined();
  });
});
