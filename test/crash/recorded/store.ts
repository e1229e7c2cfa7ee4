import { mkdirSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { vi } from 'vitest';
import { openStore, type Store } from '../../../src/index.ts';
import type { Listed } from '../../support/listing.ts';
import { noise, put, treeOf } from '../../support/scene.ts';
import { tempDir } from '../../support/temp.ts';
import { timeOfSet } from '../../support/times.ts';
import { type Disk, lay, scan } from './disk.ts';

// A source, and a disk with all that a backup of it writes to: the store, the archive dir, temporary files, a second place and
// where things are restored to.

const KIB = 1024;
/** The last that is there; the next one is made by what is recorded. */
export const LAST = 4;
const FULLS = [0, 3];

export interface Place {
  readonly source: string;
  /** Everything else lies below. */
  readonly disk: string;
  readonly url: string;
  readonly second: string;
  readonly out: string;
  /** When the sets were made. */
  readonly times: readonly number[];
  /** What the source was at each set. */
  readonly trees: readonly (readonly Listed[])[];
}

/** With two chains of sets 0 to 4, and the source as it is for set 5. */
export async function backedUp(): Promise<Place> {
  const dir = tempDir('/dev/shm');
  const disk = `${dir}/disk`;
  const trees: Listed[][] = [];
  const times: number[] = [];
  const place = {
    source: `${dir}/source`,
    disk,
    url: `file://${disk}/remote`,
    second: `file://${disk}/second`,
    out: `${disk}/out`,
    times,
    trees,
  };
  mkdirSync(`${disk}/tmp`, { recursive: true });
  for (let k = 0; k <= LAST + 1; k++) {
    become(place.source, k);
    trees.push(treeOf(place.source));
    const kind = FULLS.includes(k) ? 'full' : 'incremental';
    if (k > LAST) break;
    const { set } = await inStore(place, k, (store) =>
      store.backup({ source: place.source, kind, volumeSize: 64 * KIB }),
    );
    times.push(set?.end ?? NaN);
  }
  return place;
}

/** Changed at each set: a file in all of its volumes, what there is, and what kind something is. */
function become(source: string, k: number): void {
  rmSync(source, { recursive: true, force: true });
  const large = noise((k > LAST ? 1500 : 150) * KIB, k + 1);
  const kind = k % 2 === 0 ? 'kind' : 'kind/inside';
  put(source, { large, [`only/${k}`]: `${k}`, same: 'always', [kind]: `${k}` }, timeOfSet(k - 1));
  utimesSync(source, timeOfSet(k - 1), timeOfSet(k - 1));
}

/** One of the two places with an archive dir of its own. */
export type Which = 'first' | 'second';

export const ARCHIVES: Readonly<Record<Which, string>> = { first: 'a', second: 'b' };

/** Works with the library, at the time of set `k`. */
export async function inStore<T>(
  place: Place,
  k: number,
  use: (store: Store) => Promise<T>,
  which: Which = 'first',
): Promise<T> {
  const begun = performance.now();
  const clock = vi.spyOn(Date, 'now').mockImplementation(() => timeOfSet(k) * 1000 + performance.now() - begun);
  const archiveDir = `${place.disk}/archive/${ARCHIVES[which]}`;
  const options = { archiveDir, tempDir: `${place.disk}/tmp`, encryption: false, tries: 1 };
  try {
    await using store = await openStore(which === 'first' ? place.url : place.second, options);
    return await use(store);
  } finally {
    clock.mockRestore();
  }
}

/** What is restored of a set; by default of the newest, as is the next one, which may have had to take a later time. */
export async function restoredAt(place: Place, k?: number, which?: Which): Promise<readonly Listed[]> {
  const to = `${place.disk}/restored`;
  rmSync(to, { recursive: true, force: true });
  const time = k === undefined || k > LAST ? undefined : place.times[k];
  await inStore(place, 9, (store) => store.restore({ to, time }), which);
  const tree = treeOf(to);
  rmSync(to, { recursive: true });
  return tree;
}

/** Puts that in the place of what is there. Whoever left temporary files has been dead for long. */
export function relay(place: Place, disk: Disk): void {
  clear(place.disk);
  lay(disk, place.disk);
  for (const name of readdirSync(`${place.disk}/tmp`)) utimesSync(`${place.disk}/tmp/${name}`, 1, 1);
}

export function clear(dir: string): void {
  for (const name of readdirSync(dir)) rmSync(`${dir}/${name}`, { recursive: true, force: true });
}

export const diskOf = (place: Place): Disk => scan(place.disk);
