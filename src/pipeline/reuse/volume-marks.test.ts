import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type BytePath, bytePath, comparePaths } from '../../util/bytepath.ts';
import type { BaseVolume, Fate } from './base-volume.ts';
import { VolumeMarks } from './volume-marks.ts';

const RUNS = { seed: 1, numRuns: Number(process.env['RUNS'] ?? 300) };

/** What becomes of a path of the full backup, and how many volumes begin in the middle of it or behind it. */
const entry = fc.record({
  path: fc.stringMatching(/^[a-c]{1,3}(?:\/[a-c ]{1,2}){0,2}$/),
  what: fc.constantFrom('kept', 'kept', 'kept', 'kept', 'changed', 'gone', 'new'),
  inside: fc.constantFrom(0, 0, 0, 1, 2),
  endsBehind: fc.boolean(),
});

interface Item {
  readonly path: BytePath;
  readonly what: string;
  readonly inside: number;
  readonly endsBehind: boolean;
}

function volume(number: number, start: BaseVolume['start'], end: BaseVolume['end']): BaseVolume {
  return { number, name: `v${number}`, start, end, sha1: '', size: 100, madeAt: 0, fate: 'clean' };
}

/** Volumes as a packer makes them of what is not new. */
function packed(items: readonly Item[]): { volumes: BaseVolume[]; holders: Map<BytePath, number[]> } {
  const volumes: BaseVolume[] = [];
  const holders = new Map<BytePath, number[]>();
  let start: BaseVolume['start'] | undefined;
  const old = items.filter(({ what }) => what !== 'new');
  for (const [i, { path, inside, endsBehind }] of old.entries()) {
    const held = [volumes.length];
    start ??= { path };
    for (let piece = 1; piece <= inside; piece++) {
      volumes.push(volume(volumes.length + 1, start, { path, block: piece }));
      start = piece === inside ? { path } : { path, block: piece + 1 };
      held.push(volumes.length);
    }
    if (endsBehind || i === old.length - 1) {
      volumes.push(volume(volumes.length + 1, start, { path }));
      start = undefined;
    }
    holders.set(path, held);
  }
  return { volumes, holders };
}

test('a volume is clean when all it holds is as it was and nothing new lies between its first and last path', () => {
  fc.assert(
    fc.property(fc.uniqueArray(entry, { selector: ({ path }) => path, maxLength: 20 }), (entries) => {
      const items = entries
        .map((item): Item => ({ ...item, path: bytePath(item.path) }))
        .sort((a, b) => comparePaths(a.path, b.path));
      const { volumes, holders } = packed(items);
      const expected: Fate[] = volumes.map(() => 'clean');
      for (const { path, what } of items) {
        if (what === 'kept') continue;
        const between = volumes.flatMap(({ start, end }, i) =>
          comparePaths(start.path, path) < 0 && comparePaths(path, end.path) < 0 ? [i] : [],
        );
        for (const i of holders.get(path) ?? between) expected[i] = 'changed';
      }
      const marks = new VolumeMarks(volumes);
      // Of some that are gone word comes at another time.
      for (const { path, what } of items.filter((item) => item.what === 'gone').toReversed())
        void (what && marks.gone(path));
      for (const { path, what } of items) {
        if (what !== 'gone') marks.tell(path, { inBase: what !== 'new', isKept: what === 'kept', size: 10 });
      }
      expect(marks.finish().fates).toEqual(expected);
    }),
    RUNS,
  );
});

test('a volume whose first or last path was never met is not relied on', () => {
  const volumes = [volume(1, { path: bytePath('') }, { path: bytePath('b') })];
  const marks = new VolumeMarks(volumes);
  marks.tell(bytePath(''), { inBase: true, isKept: true, size: 0 });
  marks.tell(bytePath('a'), { inBase: true, isKept: true, size: 0 });
  expect(marks.finish().fates).toEqual(['changed']);
});
