import { expect, test } from 'vitest';
import { bytePath } from '../../util/bytepath.ts';
import type { BaseVolume, Fate } from './base-volume.ts';
import { goesOn, joinSmall, outlookOf } from './reuse-plan.ts';

const SIZE = 1000;
const position = { path: bytePath('a') };

function volume(size: number, fate: Fate = 'clean'): BaseVolume {
  return { number: 1, name: '', start: position, end: position, sha1: '', size, madeAt: 0, fate };
}

function marked(volumes: readonly BaseVolume[], newBefore: readonly number[] = []) {
  return {
    volumes,
    fates: volumes.map(({ fate }) => fate),
    inside: volumes.map(({ size }) => ({ bytes: size, entries: 1 })),
    between: [...volumes, undefined].map((_none, i) =>
      newBefore.includes(i) ? { bytes: 50, entries: 1 } : { bytes: 0, entries: 0 },
    ),
  };
}

test('a small volume joins what is made anew beside it, and only that', () => {
  const fates = (sizes: readonly number[], dirty: number): readonly Fate[] =>
    joinSmall(marked(sizes.map((size, i) => volume(size, i === dirty ? 'changed' : 'clean'))), SIZE).fates;
  expect(fates([900, 400, 900, 400, 400], 0)).toEqual(['changed', 'joined', 'clean', 'clean', 'clean']);
  expect(fates([900, 500, 900, 499, 400], 4)).toEqual(['clean', 'clean', 'clean', 'joined', 'changed']);
});

test('a small volume joins what is new before or behind it', () => {
  const volumes = [volume(900), volume(100), volume(900)];
  for (const place of [1, 2]) expect(joinSmall(marked(volumes, [place]), SIZE).fates[1]).toBe('joined');
  expect(joinSmall(marked(volumes, [0, 3]), SIZE).fates).toEqual(['clean', 'clean', 'clean']);
});

test('the outlook adds up what is read, what is sent and what is copied', () => {
  const of = marked([volume(900), volume(800, 'changed'), volume(900), volume(50)], [3]);
  const outlook = outlookOf(of, joinSmall(of, SIZE), SIZE);
  expect(outlook.counts).toMatchObject({ clean: 2, changed: 1, joined: 1 });
  expect(outlook).toMatchObject({ reused: 2, reusedBytes: 1800, toRead: 900 });
  expect(outlook.toSend).toBeGreaterThan(900);
});

/** The volumes of the next set, as they are packed: what was begun goes on through clean ones that are small. */
function repacked(
  volumes: readonly BaseVolume[],
  fates: readonly Fate[],
  sizes: readonly number[],
  fresh: readonly number[],
): number[] {
  const next: number[] = [];
  let begun = 0;
  const store = (bytes: number): void => {
    for (begun += bytes; begun >= SIZE; begun -= SIZE) next.push(SIZE);
  };
  const end = (): void => {
    if (begun > 0) next.push(begun);
    begun = 0;
  };
  for (const [i, each] of volumes.entries()) {
    store(fresh[i] ?? 0);
    if (fates[i] === 'clean' && !goesOn(begun, each, SIZE)) {
      end();
      next.push(each.size);
    } else store(sizes[i] ?? 0);
  }
  store(fresh[volumes.length] ?? 0);
  end();
  return next;
}

test('volumes do not crumble: after any number of rounds there are less than twice as many as needed', () => {
  let seed = 7;
  const random = (): number => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed / 2 ** 32;
  };
  let sizes = Array.from({ length: 60 }, () => SIZE);
  let worst = 0;
  for (let round = 0; round < 600; round++) {
    const rate = [0.02, 0.1, 0.4][round % 3] ?? 0;
    const growth = sizes.length > 200 ? 0.5 : 2;
    const volumes = sizes.map((size) => volume(size, random() < rate ? 'changed' : 'clean'));
    const fresh = [...sizes, 0].map(() => (random() < rate ? Math.ceil(random() * 300) : 0));
    // What is made anew shrinks or grows, or is gone.
    const after = volumes.map(({ size, fate }) =>
      fate === 'clean' ? size : Math.floor(size * random() * growth * (random() < 0.9 ? 1 : 0)),
    );
    const of = marked(
      volumes,
      fresh.flatMap((bytes, i) => (bytes > 0 ? [i] : [])),
    );
    sizes = repacked(volumes, joinSmall(of, SIZE).fates, after, fresh);
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    if (bytes < 20 * SIZE) sizes.push(...Array.from({ length: 30 }, () => SIZE));
    worst = Math.max(worst, sizes.length - (2 * bytes) / SIZE);
  }
  expect(worst).toBeLessThan(3);
});
