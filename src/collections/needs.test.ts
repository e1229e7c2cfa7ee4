import { expect, test } from 'vitest';
import { formatStamp } from '../util/time.ts';
import { buildCollection, type Collection } from './collection.ts';
import { neededByIncrement, neededByList, neededByRestore, type Needs } from './needs.ts';

const at = (hours: number): number => 1_700_000_000 + hours * 3600;
const stamp = (hours: number): string => formatStamp(at(hours));

const manifest = (start: number, end: number): string =>
  start === end ? `duplicity-full.${stamp(end)}.manifest` : `duplicity-inc.${stamp(start)}.to.${stamp(end)}.manifest`;
const signatures = (start: number, end: number): string =>
  start === end
    ? `duplicity-full-signatures.${stamp(end)}.sigtar.gz`
    : `duplicity-new-signatures.${stamp(start)}.to.${stamp(end)}.sigtar.gz`;

/** Two chains of a full and two increments. */
const TIMES = [0, 10].flatMap((full) => [
  [full, full],
  [full, full + 1],
  [full + 1, full + 2],
]) as readonly (readonly [number, number])[];
const remote = TIMES.flatMap(([start, end]) => [manifest(start, end), signatures(start, end)]);
const collection = buildCollection({ remote, local: [] });

function namesFor(needs: Needs, found: Collection = collection): readonly string[] {
  return [...needs(found)].sort();
}

test('a restore needs the manifests of the sets up to its time', () => {
  expect(namesFor(neededByRestore(Infinity))).toEqual([manifest(10, 10), manifest(10, 11), manifest(11, 12)].sort());
  expect(namesFor(neededByRestore(at(1.5)))).toEqual([manifest(0, 0), manifest(0, 1)].sort());
  expect(namesFor(neededByRestore(at(10)))).toEqual([manifest(10, 10)]);
});

test('a list needs the signatures up to its time', () => {
  expect(namesFor(neededByList(at(11)))).toEqual([signatures(10, 10), signatures(10, 11)].sort());
  expect(namesFor(neededByList(at(5)))).toEqual([signatures(0, 0), signatures(0, 1), signatures(1, 2)].sort());
});

test('an increment needs both of its chain, and nothing where it has no base', () => {
  const last = remote.filter((name) => name.includes(stamp(10)) || name.includes(stamp(11)));
  expect(namesFor(neededByIncrement)).toEqual(last.sort());
  const none = buildCollection({ remote: remote.filter((name) => name.includes('manifest')), local: [] });
  expect(namesFor(neededByIncrement, none)).toEqual([]);
});

test('what is damaged takes no place among what is needed: the increment builds on the set before', () => {
  for (const damaged of [manifest(11, 12), signatures(11, 12)]) {
    const found = buildCollection({ remote, local: [], unusable: new Set([damaged]) });
    expect(namesFor(neededByIncrement, found)).toEqual(
      [manifest(10, 10), manifest(10, 11), signatures(10, 10), signatures(10, 11)].sort(),
    );
  }
  const withoutFull = buildCollection({ remote, local: [], unusable: new Set([manifest(10, 10)]) });
  const before = TIMES.slice(0, 3).flatMap(([start, end]) => [manifest(start, end), signatures(start, end)]);
  expect(namesFor(neededByIncrement, withoutFull)).toEqual(before.sort());
});
