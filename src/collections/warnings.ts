import { asctime } from '../util/time.ts';
import type { Collection } from './collection.ts';
import { type BackupSet, unusableNames, volumeNames } from './sets.ts';

/** Something about a collection that a user should know. */
export interface CollectionWarning {
  /** Key of the event table's warning codes; `generic` for a discarded set. */
  readonly code: 'generic' | 'orphanedSignatures' | 'unmatchedSignatures' | 'incompleteSets' | 'orphanedSets';
  /** The files meant. */
  readonly names: readonly string[];
  /** A sentence, then the names, one per line. */
  readonly text: string;
}

/** In the order in which the reference gives them. */
export function collectionWarnings(collection: Collection): readonly CollectionWarning[] {
  const warnings: CollectionWarning[] = [];
  const warn = (code: CollectionWarning['code'], sentence: string, names: readonly string[]): void => {
    warnings.push({ code, names, text: [sentence, ...names].join('\n') });
  };
  const { unusable } = collection;
  if (unusable.length > 0) {
    const sentence = 'Files on the remote that are empty, cut off or damaged. They count as missing:';
    const names = unusable.map(({ name }) => name);
    warn('generic', sentence, names);
  }
  const discarded = collection.active?.chain.discarded;
  if (discarded !== undefined) {
    const time = asctime(discarded.end);
    warn(
      'generic',
      `Signatures of the backup set of ${time} are missing. The next increment builds on the set before it.`,
      [],
    );
  }
  const { local, remote } = collection.orphanedSignatures;
  if (local.length > 0) warn('orphanedSignatures', 'Signature files in the archive dir that fit no chain:', local);
  if (remote.length > 0) warn('orphanedSignatures', 'Signature files on the remote that fit no chain:', remote);
  if (collection.active === undefined && collection.signatureChains.length > 0) {
    const names = collection.signatureChains.flatMap(({ files }) => files.map(({ name }) => name));
    warn(
      'unmatchedSignatures',
      'Signatures were found, but none for the newest backup set:',
      [...new Set(names)].sort(),
    );
  }
  if (collection.incomplete.length > 0) {
    warn('incompleteSets', 'Incomplete backup sets, perhaps of an interrupted run:', filesOf(collection.incomplete));
  }
  if (collection.orphaned.length > 0) {
    warn('orphanedSets', 'Backup sets that belong to no chain:', filesOf(collection.orphaned));
  }
  return warnings;
}

function filesOf(sets: readonly BackupSet[]): readonly string[] {
  return sets.flatMap((set) => [...set.manifests, ...volumeNames(set), ...unusableNames(set)]);
}
