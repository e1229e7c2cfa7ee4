import { asctime } from '../util/time.ts';
import { allSets, type Collection, isAhead } from './collection.ts';
import { byTime } from './listing.ts';
import { restorableBeside } from './restorable.ts';
import { type BackupSet, unusableNames, volumeNames } from './sets.ts';

/** Something about a collection that a user should know. */
export interface CollectionWarning {
  /** Key of the event table's warning codes; `generic` for what has no code. */
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
  const unusable = missed(collection);
  if (unusable.length > 0) {
    warn('generic', 'Files on the remote that are empty, cut off or damaged. They count as missing:', unusable);
  }
  const times = (sets: readonly BackupSet[]): readonly string[] => sets.map(({ end }) => asctime(end));
  const late = lateSets(collection);
  if (late.length > 0) {
    const sentence = `The clock says ${asctime(collection.now)}. Backup sets dated after that are not built upon, not counted, and restored only by their own time; remove-older-than with a later time removes them:`;
    warn('generic', sentence, times(late));
  }
  if (collection.isClockDoubted) {
    const sentence = `The clock says ${asctime(collection.now)}, but all backup sets are later. If it is wrong, set it; without --time the newest set is taken.`;
    warn('generic', sentence, []);
  }
  const leftOut = collection.chains.flatMap(restorableBeside).filter((set) => !isAhead(collection, set));
  if (leftOut.length > 0) {
    const sentence =
      'Several increments have the same base, and a chain has room for one. These backup sets are left out, and restored only by their own time:';
    warn('generic', sentence, times(leftOut));
  }
  const discarded = collection.active?.chain.discarded;
  if (discarded?.isPartial === false) {
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

/** Finished sets dated after now, by time; none while the clock is doubted. */
export function lateSets(collection: Collection): readonly BackupSet[] {
  if (collection.isClockDoubted) return [];
  return allSets(collection)
    .filter((set) => set.isComplete && !set.isPartial && isAhead(collection, set))
    .sort(byTime);
}

/** Unusable files that a set lacks. What an upload that was cut off has left of a set without manifest is no loss. */
function missed({ unusable, incomplete }: Collection): readonly string[] {
  const hasManifest = (set: BackupSet): boolean =>
    set.isComplete || set.unusable.some(({ kind }) => kind === 'manifest');
  const left = new Set(incomplete.filter((set) => !hasManifest(set)).flatMap(unusableNames));
  return unusable.map(({ name }) => name).filter((name) => !left.has(name));
}

function filesOf(sets: readonly BackupSet[]): readonly string[] {
  return sets.flatMap((set) => {
    const names = [...set.manifests, ...volumeNames(set), ...unusableNames(set)];
    return names.length === 0 && set.partialManifest !== undefined ? [set.partialManifest] : names;
  });
}
