import type { EpochSeconds } from '../util/time.ts';
import type { BackupChain } from './chains.ts';
import { type Collection, isAhead } from './collection.ts';
import { byTime, setKey } from './listing.ts';
import { restorableSets } from './restorable.ts';
import { type BackupSet, hasVolumes, unusableNames, volumeNames } from './sets.ts';
import type { SignatureChain } from './signature-chains.ts';

const FIRST_ARCHIVES = Date.UTC(2002, 0, 1) / 1000;

/** One file to delete. */
export interface Deletion {
  readonly place: 'local' | 'remote';
  readonly name: string;
}

export interface CleanupPlan {
  /**
   * The unfinished set, to be given up first. It changes what belongs to what: delete it, list again and make a new
   * plan. Absent when the newest set is finished.
   */
  readonly partial: { readonly set: BackupSet; readonly files: readonly Deletion[] } | undefined;
  /** The names as the reference lists them for people: local ones first. */
  readonly names: readonly string[];
  /** The same files in order of deletion. */
  readonly files: readonly Deletion[];
  /**
   * Signatures on the remote of sets that go, to be deleted before them: a removal that was killed leaves such. The
   * reference leaves them, too.
   */
  readonly signatures: readonly Deletion[];
  /** Copies in the archive dir of what goes; neither listed nor counted. The reference leaves them to the next sync. */
  readonly copies: readonly Deletion[];
}

/** Deletion of one chain, or of its increments only. */
export interface RemovalStep {
  readonly kind: 'signatures' | 'backup';
  /** `ahead`: sets dated after now, of a chain that stays. */
  readonly scope: 'complete' | 'increments' | 'ahead';
  /** End time of the chain, or of the set, which names it in messages. */
  readonly end: EpochSeconds;
  /** In order of deletion. */
  readonly files: readonly Deletion[];
}

export interface RemovalPlan {
  /** End times of the backup chains concerned, ascending. Empty: nothing is old enough. */
  readonly times: readonly EpochSeconds[];
  /** Old sets that stay because newer sets depend on them. */
  readonly keptSets: readonly EpochSeconds[];
  /** The newest chain is old enough, too, but always stays. */
  readonly keepsOldNewest: boolean;
  /** Signature chains, then backup chains, newest first. */
  readonly steps: readonly RemovalStep[];
}

/** What belongs to no complete set and no signature chain. */
export function planCleanup(collection: Collection): CleanupPlan {
  const { partial, active } = collection;
  // A discarded set lacks signatures only: it can be restored, and is not deleted as the reference would.
  const stays = new Set([partial, active?.chain.discarded]);
  const sets = [...collection.orphaned, ...collection.incomplete].filter((set) => !stays.has(set));
  const signatures = signaturesOf(
    sets.filter(({ manifest, unusable }) => manifest === undefined || unusable.length > 0),
    collection,
  );
  const remote = [
    ...sets.flatMap((set) => [...volumeNames(set), ...set.manifests, ...unusableNames(set), ...set.statistics.remote]),
    ...collection.orphanedSignatures.remote,
    ...collection.strayStatistics,
  ];
  const local = collection.orphanedSignatures.local.filter((name) => name !== partial?.partialSignatures);
  return {
    partial: partial === undefined ? undefined : { set: partial, files: partialFiles(partial) },
    names: [...local, ...remote],
    files: [...on('remote', remote), ...on('local', local)],
    copies: [...sets.flatMap(localFiles), ...signatures.filter(({ place }) => place === 'local')],
    signatures: signatures.filter(({ place }) => place === 'remote'),
  };
}

/** Those in a signature chain, which tell of nothing any more. */
function signaturesOf(sets: readonly BackupSet[], { signatureChains }: Collection): readonly Deletion[] {
  const keys = new Set(sets.map(setKey));
  return signatureChains.flatMap(({ place, files, beside }) =>
    [...files, ...beside]
      .filter((file) => !file.isPartial && keys.has(setKey(file)))
      .flatMap(({ names }) => on(place, names)),
  );
}

/**
 * Whole chains that ended before `time`. A time after now is how what is dated after now is removed: that goes, and
 * nothing else, for all right backups are older.
 */
export function planRemoveOlderThan(collection: Collection, time: EpochSeconds): RemovalPlan {
  if (isAhead(collection, { start: time, end: time }) && !collection.isClockDoubted)
    return planRemoveAhead(collection, time);
  return planRemoval(collection, time, 'complete');
}

/** Whole chains that ended before the `count` newest fulls. */
export function planRemoveAllButNFull(collection: Collection, count: number): RemovalPlan {
  return planRemoval(collection, startOfNth(collection, count), 'complete');
}

/** Increments of chains that ended before the `count` newest fulls; the fulls of those chains stay. */
export function planRemoveIncsOfAllButNFull(collection: Collection, count: number): RemovalPlan {
  return planRemoval(collection, startOfNth(collection, count), 'increments');
}

function planRemoval(collection: Collection, time: EpochSeconds, scope: RemovalStep['scope']): RemovalPlan {
  const kept = protectedChains(collection);
  const isOld = (chain: BackupChain): boolean =>
    lastTime(collection, chain) < time && !kept.has(chain) && (scope === 'complete' || incsOf(chain).length > 0);
  const old = collection.chains.filter(isOld);
  const staying = collection.chains.filter((chain) => !old.includes(chain));
  const steps: RemovalStep[] = [];
  if (old.length > 0) steps.push(...signatureSteps(collection, time, scope, staying));
  for (const chain of old.toReversed()) {
    steps.push({ kind: 'backup', scope, end: chain.end, files: chainFiles(chain, scope) });
  }
  return {
    times: old.map(({ end }) => end),
    keptSets: staying
      .filter(({ end }) => end >= time)
      .flatMap(({ sets }) => sets.map(({ end }) => end).filter((end) => end < time)),
    keepsOldNewest: [...kept].some(({ end }) => end < time),
    steps,
  };
}

/** Chains and sets dated after now that end before `time`, the newest first. Nothing right builds on them. */
function planRemoveAhead(collection: Collection, time: EpochSeconds): RemovalPlan {
  // A clock from before the first archives there were says nothing of what is dated after it.
  if (collection.now < FIRST_ARCHIVES) return { times: [], keptSets: [], keepsOldNewest: false, steps: [] };
  const chains = collection.ahead.filter(({ end }) => end < time);
  const starts = new Set(chains.map(({ start }) => start));
  const sets = collection.chains
    .flatMap(({ beside }) => beside)
    .filter((set) => isAhead(collection, set) && !set.isPartial && set.end < time)
    .sort(byTime);
  const keys = new Set(sets.map(setKey));
  const steps: RemovalStep[] = [];
  for (const chain of collection.signatureChains.toReversed()) {
    if (starts.has(chain.start)) steps.push(signatureStep(chain, 'complete'));
    const files = chain.beside.filter((file) => keys.has(setKey(file))).toReversed();
    for (const { end, names } of files) {
      steps.push({ kind: 'signatures', scope: 'ahead', end, files: on(chain.place, names) });
    }
  }
  for (const set of sets.toReversed()) {
    steps.push({ kind: 'backup', scope: 'ahead', end: set.end, files: setFiles(set) });
  }
  for (const chain of chains.toReversed()) {
    steps.push({ kind: 'backup', scope: 'complete', end: chain.end, files: chainFiles(chain, 'complete') });
  }
  const times = [...chains, ...sets].map(({ end }) => end);
  return { times: times.sort((a, b) => a - b), keptSets: [], keepsOldNewest: false, steps };
}

/**
 * Signature chains that end before `time`. Those of a chain that stays are left alone, wherever they lie: the reference
 * deletes the active chain's remote signatures when `time` is later than its end (vectors/deletions.jsonl, `three chains,
 * after everything`), and the next increment becomes impossible.
 */
function signatureSteps(
  collection: Collection,
  time: EpochSeconds,
  scope: RemovalStep['scope'],
  staying: readonly BackupChain[],
): readonly RemovalStep[] {
  const needed = new Set(staying.map(({ start }) => start));
  const newestFirst = collection.signatureChains
    .filter(({ start, end }) => end < time && !needed.has(start))
    .toReversed();
  const steps: RemovalStep[] = [];
  for (const chain of newestFirst) {
    const step = signatureStep(chain, scope);
    if (step.files.length > 0) steps.push(step);
  }
  return steps;
}

function signatureStep(chain: SignatureChain, scope: RemovalStep['scope']): RemovalStep {
  return { kind: 'signatures', scope, end: chain.end, files: signatureFiles(chain, scope) };
}

/**
 * Never deleted: the newest chain and, should that hold nothing finished, the newest one that does. The reference
 * protects the newest only while its signatures match, and deletes the last backup without them.
 */
function protectedChains(collection: Collection): ReadonlySet<BackupChain> {
  const newest = collection.chains.at(-1);
  const restorable = collection.chains.findLast((chain) => hasVolumes(chain.full) && restorableSets(chain).length > 0);
  return new Set([newest, restorable].filter((chain) => chain !== undefined));
}

/** Of the newest set that is not dated after now, beside the chain or in it. */
function lastTime(collection: Collection, { beside, end }: BackupChain): EpochSeconds {
  return Math.max(end, ...beside.filter((set) => !isAhead(collection, set)).map((set) => set.end));
}

/** Start of the `count`-th newest finished full; before all times when there are fewer. */
function startOfNth(collection: Collection, count: number): EpochSeconds {
  const starts = collection.chains
    .filter((chain) => !chain.full.isPartial && hasVolumes(chain.full))
    .map(({ start }) => start);
  return starts.sort((a, b) => b - a)[count - 1] ?? -Infinity;
}

function chainFiles(chain: BackupChain, scope: RemovalStep['scope']): readonly Deletion[] {
  const sets = scope === 'complete' ? [chain.full, ...incsOf(chain)] : incsOf(chain);
  return sets.toReversed().flatMap(setFiles);
}

/** All increments whose files lie about, those included that are no longer linked, oldest first. */
function incsOf(chain: BackupChain): BackupSet[] {
  const discarded = chain.discarded === undefined ? [] : [chain.discarded];
  return [...chain.beside, ...chain.incs, ...discarded].sort(byTime);
}

/** Manifest first: without it a half deleted set counts as incomplete and is not taken for a backup. */
function setFiles(set: BackupSet): readonly Deletion[] {
  const remote = [...set.manifests, ...volumeNames(set).toReversed(), ...unusableNames(set), ...set.statistics.remote];
  return [...on('remote', remote), ...localFiles(set)];
}

function signatureFiles(chain: SignatureChain, scope: RemovalStep['scope']): readonly Deletion[] {
  const files = [...(scope === 'complete' ? chain.files : chain.files.slice(1)), ...chain.beside].sort(byTime);
  return files.toReversed().flatMap(({ names }) => on(chain.place, names));
}

function partialFiles(set: BackupSet): readonly Deletion[] {
  const volumes = on('remote', [...volumeNames(set).toReversed(), ...unusableNames(set), ...set.statistics.remote]);
  const signatures = set.partialSignatures === undefined ? [] : [set.partialSignatures];
  // The unfinished manifest last: while it is there, a second try finds the same set again.
  return [...volumes, ...on('local', signatures), ...localFiles(set)];
}

function localFiles(set: BackupSet): readonly Deletion[] {
  const names = [set.localManifest, ...set.statistics.local, set.partialManifest];
  return on(
    'local',
    names.filter((name) => name !== undefined),
  );
}

function on(place: Deletion['place'], names: readonly string[]): readonly Deletion[] {
  return names.map((name) => ({ place, name }));
}
