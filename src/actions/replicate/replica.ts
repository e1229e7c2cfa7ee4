import { readListing, setKey } from '../../collections/listing.ts';
import { type BackupSet, collectSets } from '../../collections/sets.ts';
import { listRemote } from '../../repository/list-remote.ts';
import type { Repository } from '../../repository/repository.ts';

/** What lies at a place that is copied from or to. */
export interface Replica {
  readonly names: ReadonlySet<string>;
  /** By key, complete or not. */
  readonly sets: ReadonlyMap<string, BackupSet>;
  /** Names of the signatures of each set. */
  readonly signatures: ReadonlyMap<string, readonly string[]>;
}

/** What a place holds that is not there, in a dry run. */
export const NO_REPLICA: Replica = { names: new Set(), sets: new Map(), signatures: new Map() };

export async function readReplica(repository: Repository): Promise<Replica> {
  const names = new Set(await listRemote(repository));
  const { prefixes, timeSeparator, remote } = repository;
  const files = readListing(names, { prefixes, timeSeparator });
  const signatures = new Map<string, string[]>();
  for (const file of files) {
    if (file.kind !== 'signatures' || file.partial || remote.unusable.has(file.name)) continue;
    const key = setKey(file);
    signatures.set(key, [...(signatures.get(key) ?? []), file.name]);
  }
  return {
    names,
    sets: new Map(collectSets(files, [], remote.unusable).sets.map((set) => [setKey(set), set])),
    signatures,
  };
}
