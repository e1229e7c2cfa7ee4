import { isNotThere } from '../../backends/failures/not-there.ts';
import type { Collection } from '../../collections/collection.ts';
import { type ListedFile, readListing, setKey } from '../../collections/listing.ts';
import { type BackupSet, collectSets, type SetId } from '../../collections/sets.ts';
import { listRemote } from '../../repository/list-remote.ts';
import { regroup } from '../../repository/load-collection.ts';
import type { Repository } from '../../repository/repository.ts';

/** All files of a set at one place, whatever state it is in. */
export interface StoredSet extends SetId {
  readonly key: string;
  /** As the names tell; undefined where only signatures or statistics are left. */
  readonly set: BackupSet | undefined;
  /** Volumes by number, then signatures, then statistics. */
  readonly files: readonly ListedFile[];
  readonly manifests: readonly ListedFile[];
}

/** What lies at one of the two places at one moment. */
export interface Place {
  readonly names: ReadonlySet<string>;
  /** By key. */
  readonly sets: ReadonlyMap<string, StoredSet>;
  readonly collection: Collection;
  /** Recovery files that lie beside a file, where they are shown. */
  companionsOf(name: string): readonly string[];
}

const ORDER = { volume: 0, signatures: 1, jsonstat: 2, manifest: 3 } as const;

export async function readPlace(repository: Repository): Promise<Place> {
  const { prefixes, timeSeparator, remote, makesPlace } = repository;
  const names = await listRemote(repository).catch((error: unknown) => {
    if (makesPlace || !repository.dryRun || !isNotThere(error)) throw error;
    return [];
  });
  const files = readListing(names, { prefixes, timeSeparator }).filter(
    (file) => file.kind === 'volume' || !file.partial,
  );
  const known = new Map(collectSets(files, [], remote.unusable).sets.map((set) => [setKey(set), set]));
  const byKey = new Map<string, ListedFile[]>();
  for (const file of files) {
    const same = byKey.get(setKey(file));
    if (same === undefined) byKey.set(setKey(file), [file]);
    else same.push(file);
  }
  const sets = new Map<string, StoredSet>();
  for (const [key, same] of byKey) sets.set(key, storedSet(key, same, known.get(key)));
  const companions = companionsIn(names);
  return {
    names: new Set(names),
    sets,
    collection: regroup(repository, names, []),
    companionsOf: (name) => companions.get(name) ?? [],
  };
}

function storedSet(key: string, all: readonly ListedFile[], set: BackupSet | undefined): StoredSet {
  const [{ type, start, end }] = all as readonly [ListedFile];
  const files = all.toSorted((a, b) => ORDER[a.kind] - ORDER[b.kind] || volumeOf(a) - volumeOf(b));
  return {
    key,
    type,
    start,
    end,
    set,
    files: files.filter(({ kind }) => kind !== 'manifest'),
    manifests: files.filter(({ kind }) => kind === 'manifest'),
  };
}

function volumeOf(file: ListedFile): number {
  return file.kind === 'volume' ? file.volume : 0;
}

/** par2's names for what belongs to a file. Through a `par2+` URL they do not show, and are made there. */
function companionsIn(names: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const name of names) {
    const base = /^([^]+?)(?:\.vol\d+\+\d+)?\.par2$/.exec(name)?.[1];
    if (base !== undefined) found.set(base, [...(found.get(base) ?? []), name]);
  }
  return found;
}
