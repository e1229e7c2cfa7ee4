import type { EpochSeconds } from '../util/time.ts';
import { allSets, type Collection, isAhead } from './collection.ts';
import { byTime } from './listing.ts';
import { restorableBeside } from './restorable.ts';
import { type BackupSet, unusableNames, volumeNames } from './sets.ts';

/** Something about a collection that a user should know. */
export interface CollectionWarning {
  /** Key of the event table's warning codes; `generic` for what has no code. */
  readonly code: 'generic' | 'orphanedSignatures' | 'unmatchedSignatures' | 'incompleteSets' | 'orphanedSets';
  readonly about:
    /** Files on the remote that are empty, cut off or damaged. They count as missing. */
    | 'unusableFiles'
    /** Sets dated after now. */
    | 'setsAhead'
    /** All sets are dated after now: it is the clock that is doubted. */
    | 'doubtedClock'
    /** Increments for which their chain has no room: another has the same base. */
    | 'setsBeside'
    /** The newest set, which has lost its signatures. */
    | 'unsignedSet'
    /** Signature files that fit no chain: in the archive dir, on the remote. */
    | 'localSignatures'
    | 'remoteSignatures'
    /** There are signatures, and none for the newest set. */
    | 'unmatchedSignatures'
    | 'incompleteSets'
    | 'orphanedSets';
  /** The files meant. */
  readonly names: readonly string[];
  /** Those of the sets meant, where it is not about files. */
  readonly times: readonly EpochSeconds[];
  /** What the clock says. */
  readonly now: EpochSeconds;
}

/** In the order in which the reference gives them. */
export function collectionWarnings(collection: Collection): readonly CollectionWarning[] {
  const { now, active, incomplete, orphaned, signatureChains } = collection;
  const warnings: CollectionWarning[] = [];
  type About = CollectionWarning['about'];
  const warnOfFiles = (code: CollectionWarning['code'], about: About, names: readonly string[]): void => {
    warnings.push({ code, about, names, times: [], now });
  };
  const warnOfSets = (about: About, sets: readonly BackupSet[]): void => {
    warnings.push({ code: 'generic', about, names: [], times: sets.map(({ end }) => end), now });
  };
  const unusable = missed(collection);
  if (unusable.length > 0) warnOfFiles('generic', 'unusableFiles', unusable);
  const late = lateSets(collection);
  if (late.length > 0) warnOfSets('setsAhead', late);
  if (collection.isClockDoubted) warnOfSets('doubtedClock', []);
  const leftOut = collection.chains.flatMap(restorableBeside).filter((set) => !isAhead(collection, set));
  if (leftOut.length > 0) warnOfSets('setsBeside', leftOut);
  const discarded = active?.chain.discarded;
  if (discarded?.isPartial === false) warnOfSets('unsignedSet', [discarded]);
  const { local, remote } = collection.orphanedSignatures;
  if (local.length > 0) warnOfFiles('orphanedSignatures', 'localSignatures', local);
  if (remote.length > 0) warnOfFiles('orphanedSignatures', 'remoteSignatures', remote);
  if (active === undefined && signatureChains.length > 0) {
    const names = signatureChains.flatMap(({ files }) => files.map(({ name }) => name));
    warnOfFiles('unmatchedSignatures', 'unmatchedSignatures', [...new Set(names)].sort());
  }
  if (incomplete.length > 0) warnOfFiles('incompleteSets', 'incompleteSets', filesOf(incomplete));
  if (orphaned.length > 0) warnOfFiles('orphanedSets', 'orphanedSets', filesOf(orphaned));
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
