import { metadataKey } from '../archive/names/names.ts';
import { allSets, type Collection } from '../collections/collection.ts';
import type { ListedFile } from '../collections/listing.ts';

/** One metadata file to bring from the remote. */
export interface Copy {
  readonly kind: 'manifest' | 'signatures';
  /** On the remote. */
  readonly name: string;
  /** In the archive dir: manifests plain, signatures gzipped, whatever they are on the remote. */
  readonly localName: string;
}

/** What makes the archive dir agree with the remote. */
export interface SyncPlan {
  /** In name order. */
  readonly copies: readonly Copy[];
  /** What nobody needs in this run, but `full` fetches. */
  readonly extras: readonly Copy[];
  /** Finished local files without a counterpart on the remote. */
  readonly removals: readonly string[];
  /** Unfinished local files that nothing can resume from; removed without a word. */
  readonly staleParts: readonly string[];
  /**
   * The remote holds nothing of ours, and all local metadata would go: a wrong or unmounted target looks like that.
   */
  readonly emptiesCache: boolean;
}

interface PlanOptions {
  readonly mode: 'full' | 'partial';
  /** Names of the metadata that this run reads, here or there. */
  readonly needed: readonly string[];
}

/**
 * Compares what a collection knows of both places; contents are not compared. Mode `partial` fetches what is needed and
 * missing, `full` all that is missing. Rules: docs/format/archive-dir.md.
 */
export function planSync(collection: Collection, { mode, needed }: PlanOptions): SyncPlan {
  const stale = new Set(collection.staleParts);
  const local = collection.local.filter((file) => isMetadata(file) && !stale.has(file.name));
  const unfinished = new Set(local.filter(isPartial).map(({ name }) => metadataKey(name)));
  const finished = local.filter((file) => !isPartial(file));
  const there = remoteByKey(collection);

  const known = new Set([...finished.map(({ name }) => metadataKey(name)), ...unfinished]);
  const wanted = new Set(needed.map(metadataKey));
  const unusable = new Set(collection.unusable);
  const missing = [...there].filter(([key, file]) => !known.has(key) && !unusable.has(file));
  const isWanted = ([key]: readonly [string, ListedFile]): boolean => wanted.has(key);

  const removals = finished
    .map(({ name }) => name)
    .filter((name) => {
      const key = metadataKey(name);
      return !there.has(key) || unfinished.has(key);
    });
  const copies = (files: typeof missing): readonly Copy[] => files.map(([, file]) => copyOf(file));
  return {
    copies: copies(missing.filter(isWanted)),
    extras: mode === 'full' ? copies(missing.filter((file) => !isWanted(file))) : [],
    removals,
    staleParts: collection.staleParts,
    emptiesCache: collection.remote.length === 0 && removals.length > 0,
  };
}

function copyOf({ kind, name }: ListedFile): Copy {
  const key = metadataKey(name);
  return kind === 'manifest' ? { kind, name, localName: key } : { kind: 'signatures', name, localName: `${key}.gz` };
}

/** The remote file whose copy in the archive dir is `localName`. */
export function originOf(collection: Collection, localName: string): Copy | undefined {
  const file = remoteByKey(collection).get(metadataKey(localName));
  return file === undefined || collection.unusable.includes(file) ? undefined : { ...copyOf(file), localName };
}

/** Remote metadata, one file per key: of two codings of one manifest the one its set prefers. */
function remoteByKey(collection: Collection): ReadonlyMap<string, ListedFile> {
  const preferred = new Set(allSets(collection).map(({ manifest }) => manifest));
  const files = new Map<string, ListedFile>();
  for (const file of collection.remote) {
    if (!isMetadata(file) || isPartial(file)) continue;
    const key = metadataKey(file.name);
    if (!files.has(key) || preferred.has(file.name)) files.set(key, file);
  }
  return files;
}

function isMetadata(file: ListedFile): boolean {
  return file.kind === 'manifest' || file.kind === 'signatures';
}

function isPartial(file: ListedFile): boolean {
  return file.kind !== 'volume' && file.partial;
}
