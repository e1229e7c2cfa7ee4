import type { EpochSeconds } from '../util/time.ts';
import type { Collection } from './collection.ts';
import { setKey } from './listing.ts';
import { setsFor, signaturesFor } from './lookup.ts';
import type { BackupSet } from './sets.ts';

/**
 * The metadata that something reads, by any of their names: what is left out may be damaged, or be encrypted for somebody
 * else. A full backup reads none.
 */
export type Needs = (collection: Collection) => readonly string[];

/** The manifests of the sets that a time is restored from. */
export function neededByRestore(time: EpochSeconds): Needs {
  return (collection) => setsFor(collection, time).flatMap(manifestOf);
}

/** The signatures that tell the state at a time. */
export function neededByList(time: EpochSeconds): Needs {
  return (collection) => signaturesFor(collection, time)?.files.map(({ name }) => name) ?? [];
}

/**
 * Manifests and signatures of the chain that an increment joins. The manifests tell whether it is whole: nothing of an
 * increment can be restored otherwise.
 */
export function neededByIncrement(collection: Collection): readonly string[] {
  const chain = collection.active?.chain ?? (collection.partial === undefined ? undefined : collection.chains.at(-1));
  if (chain === undefined) return [];
  const keys = new Set(chain.sets.map(setKey));
  const signatures = collection.remote.filter((file) => file.kind === 'signatures' && keys.has(setKey(file)));
  return [...chain.sets.flatMap(manifestOf), ...signatures.map(({ name }) => name)];
}

function manifestOf({ manifest, localManifest }: BackupSet): readonly string[] {
  return [manifest ?? localManifest].filter((name) => name !== undefined);
}
