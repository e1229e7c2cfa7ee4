import type { EpochSeconds } from '../util/time.ts';
import { byTime, type ListedFile, setKey } from './listing.ts';

/** Which set: no two have the same. */
export interface SetId {
  readonly type: 'full' | 'inc';
  /** Time of the set this one is based on; equal to `end` for a full. */
  readonly start: EpochSeconds;
  /** Time of the set. */
  readonly end: EpochSeconds;
}

/** One run: a full or incremental backup, as far as names tell. */
export interface BackupSet extends SetId {
  /**
   * Remote names by volume number, ascending. One name, or all candidates when several files claim the number: the one
   * the manifest's hash matches is the right one, the first the likely one. (The reference dies of the second.)
   */
  readonly volumes: ReadonlyMap<number, readonly string[]>;
  /** The remote manifest. */
  readonly manifest: string | undefined;
  /** All remote manifests, the one above first. (The reference dies of the second.) */
  readonly manifests: readonly string[];
  /** The finished copy in the archive dir. */
  readonly localManifest: string | undefined;
  /** Unfinished manifest in the archive dir, which stands in for the remote one. */
  readonly partialManifest: string | undefined;
  /** Unfinished signatures in the archive dir, only of a partial set. */
  readonly partialSignatures: string | undefined;
  /** Remote files of the set, signatures included, that count as not there. They go when the set goes. */
  readonly unusable: readonly ListedFile[];
  /** jsonstat files: remote and local names. */
  readonly statistics: { readonly remote: readonly string[]; readonly local: readonly string[] };
  /** Some remote file of the set is encrypted. */
  readonly encrypted: boolean;
  /** Interrupted: can be resumed, must not be restored. */
  readonly isPartial: boolean;
  /**
   * Has a manifest, be it the unfinished one, or the copy in the archive dir of one that cannot be used any more. Volumes
   * do not count: missing ones show only on restore.
   */
  readonly isComplete: boolean;
}

export interface SetListing {
  /** By time. */
  readonly sets: readonly BackupSet[];
  /**
   * Unfinished files in the archive dir that nothing can resume from: their set has its remote manifest by now, or
   * never got as far as an unfinished one. May be removed.
   */
  readonly staleParts: readonly string[];
  /** jsonstat files on the remote whose set is gone. */
  readonly strayStatistics: readonly string[];
}

interface Draft {
  readonly first: ListedFile;
  readonly volumes: ListedFile[];
  readonly manifests: ListedFile[];
  readonly unusable: ListedFile[];
  readonly remoteStatistics: string[];
  readonly localStatistics: string[];
  localManifest: string | undefined;
  partialManifest: string | undefined;
  partialSignatures: string | undefined;
}

/** Groups names into sets. Remote names that are `unusable` count as not there. Rules: docs/format/collections.md. */
export function collectSets(
  remote: readonly ListedFile[],
  local: readonly ListedFile[],
  unusable: ReadonlySet<string> = new Set(),
): SetListing {
  const drafts = new Map<string, Draft>();
  for (const file of remote) {
    if (unusable.has(file.name)) {
      draftOf(drafts, file).unusable.push(file);
      continue;
    }
    if (file.kind === 'volume') draftOf(drafts, file).volumes.push(file);
    if (file.kind === 'manifest' && !file.partial) draftOf(drafts, file).manifests.push(file);
  }
  const staleParts: string[] = [];
  for (const file of local) {
    if (file.kind !== 'manifest' || !file.partial) continue;
    // A run that dies between the upload of its manifest and the renaming of its copy leaves both. Every later command
    // of the reference dies of that; the remote one is finished and wins.
    const known = drafts.get(setKey(file));
    if (known !== undefined && (known.manifests.length > 0 || known.partialManifest !== undefined)) {
      staleParts.push(file.name);
    } else draftOf(drafts, file).partialManifest = file.name;
  }
  for (const file of local) {
    const draft = drafts.get(setKey(file));
    if (file.kind === 'manifest' && !file.partial && draft !== undefined) draft.localManifest ??= file.name;
    if (file.kind === 'jsonstat') draft?.localStatistics.push(file.name);
    if (file.kind !== 'signatures' || !file.partial) continue;
    if (draft === undefined || draft.partialManifest === undefined) staleParts.push(file.name);
    else draft.partialSignatures ??= file.name;
  }
  const strayStatistics: string[] = [];
  for (const file of remote) {
    if (file.kind !== 'jsonstat' || file.partial) continue;
    (drafts.get(setKey(file))?.remoteStatistics ?? strayStatistics).push(file.name);
  }
  return {
    sets: [...drafts.values()].map(finish).sort(byTime),
    staleParts: staleParts.sort(),
    strayStatistics,
  };
}

function draftOf(drafts: Map<string, Draft>, file: ListedFile): Draft {
  const key = setKey(file);
  const known = drafts.get(key);
  if (known !== undefined) return known;
  const draft: Draft = {
    first: file,
    volumes: [],
    manifests: [],
    unusable: [],
    remoteStatistics: [],
    localStatistics: [],
    localManifest: undefined,
    partialManifest: undefined,
    partialSignatures: undefined,
  };
  drafts.set(key, draft);
  return draft;
}

function finish(draft: Draft): BackupSet {
  const { first, partialManifest, unusable } = draft;
  const manifests = byLikelihood(draft.manifests, draft.volumes[0]?.encrypted).map(({ name }) => name);
  const isPartial = partialManifest !== undefined;
  const standsIn = draft.localManifest !== undefined && unusable.some(({ kind }) => kind === 'manifest');
  return {
    type: first.type,
    start: first.start,
    end: first.end,
    volumes: numbered(draft.volumes, draft.manifests[0]?.encrypted),
    manifest: manifests[0],
    manifests,
    localManifest: draft.localManifest,
    partialManifest,
    partialSignatures: draft.partialSignatures,
    unusable,
    statistics: { remote: draft.remoteStatistics, local: draft.localStatistics },
    encrypted: [...draft.volumes, ...draft.manifests, ...unusable].some(({ encrypted }) => encrypted),
    isPartial,
    isComplete: manifests.length > 0 || isPartial || standsIn,
  };
}

export function idOf({ type, start, end }: SetId): SetId {
  return { type, start, end };
}

/**
 * A manifest alone is no backup, nor are volumes whose manifest only this archive dir knows: a set has its volumes, from
 * the first without a gap. That the last ones are missing names cannot tell.
 */
export function hasVolumes({ volumes, manifest, unusable }: BackupSet): boolean {
  const isNeeded = (file: ListedFile): boolean => {
    if (file.kind === 'volume') return !volumes.has(file.volume);
    return file.kind === 'manifest' && manifest === undefined;
  };
  return volumes.size > 0 && volumes.has(1) && volumes.has(volumes.size) && !unusable.some(isNeeded);
}

/** All names of a set's volumes, candidates included, by ascending number. */
export function volumeNames(set: BackupSet): readonly string[] {
  return [...set.volumes.values()].flat();
}

/** Names of what is there of a set and counts as not there: manifests first. */
export function unusableNames({ unusable }: BackupSet): readonly string[] {
  const isManifest = ({ kind }: ListedFile): number => (kind === 'manifest' ? 0 : 1);
  return unusable.toSorted((a, b) => isManifest(a) - isManifest(b)).map(({ name }) => name);
}

function numbered(
  volumes: readonly ListedFile[],
  encrypted: boolean | undefined,
): ReadonlyMap<number, readonly string[]> {
  const byNumber = new Map<number, ListedFile[]>();
  for (const file of volumes) {
    if (file.kind !== 'volume') continue;
    const claimants = byNumber.get(file.volume);
    if (claimants === undefined) byNumber.set(file.volume, [file]);
    else claimants.push(file);
  }
  const names = new Map<number, readonly string[]>();
  for (const number of [...byNumber.keys()].sort((a, b) => a - b)) {
    const claimants = byLikelihood(byNumber.get(number) ?? [], encrypted);
    names.set(
      number,
      claimants.map(({ name }) => name),
    );
  }
  return names;
}

/** Files encrypted like the rest of their set first: a run encrypts all or nothing. */
function byLikelihood(files: readonly ListedFile[], encrypted: boolean | undefined): readonly ListedFile[] {
  if (files.length < 2) return files;
  const fits = (file: ListedFile): number => (file.encrypted === encrypted ? 0 : 1);
  return [...files].sort((a, b) => fits(a) - fits(b) || (a.name < b.name ? -1 : 1));
}
