import { byTime, setKey } from '../../collections/listing.ts';
import { type BackupSet, idOf, type SetId } from '../../collections/sets.ts';
import { collectionWarnings } from '../../collections/warnings.ts';
import { BackendError, ChainError, type DuplicityError, UsageError } from '../../errors/errors.ts';
import type { Emit } from '../../events/events.ts';
import { lockArchive } from '../../repository/lock.ts';
import type { Repository } from '../../repository/repository.ts';
import { asctime, type EpochSeconds } from '../../util/time.ts';
import { deleteFiles } from '../remove/delete-files.ts';
import { chainsToCopy, copyChains } from '../replicate/copy-chains.ts';
import { type MirroredSet, SetMirror } from './copy-set.ts';
import { type Place, readPlace } from './place.ts';
import { obstacle, planCopy, type SetCopy } from './plan-copy.ts';
import { filesToDelete, forbidden, newerThere, onlyThere } from './plan-deletion.ts';
import { startProgress } from './progress.ts';

export interface MirrorOptions {
  /** The place that is copied; it is only read. */
  readonly origin: Pick<Repository, 'backend' | 'remote' | 'url'>;
  /** Its archive dir, which may be missing: manifests in it tell the hashes of volumes. */
  readonly archivePath?: string | undefined;
  /** Only sets older than this are copied. */
  readonly before?: EpochSeconds | undefined;
  /** Sets that are gone here go there. */
  readonly deletes: boolean;
  /** Also where it looks as if that place were the better one. Never the last chain. */
  readonly force: boolean;
  /** Uploads beside fetches; by default one. */
  readonly concurrency?: number | undefined;
  /** Seconds between two words about the progress; by default none. */
  readonly progressInterval?: number | undefined;
}

/** What was sent and deleted. */
export interface MirrorResult {
  /** How many sets of the origin are old enough. */
  readonly found: number;
  /** Those of which something was lacking there, and what was sent. */
  readonly copied: readonly MirroredSet[];
  /** Complete sets that are only there, and stay. */
  readonly onlyThere: readonly SetId[];
  /** Sets that were deleted there, complete or not, the newest first. */
  readonly deleted: readonly SetId[];
  /** A dry run: all that would be done. */
  readonly isPlanned: boolean;
}

/**
 * Makes the remote of `to` hold the complete sets of `origin`, byte for byte: needs neither key nor source. Sets without a
 * manifest, as of a backup that is running, are left alone. A chain with a damaged set is copied up to that; the first
 * damage is thrown at the end, and nothing is deleted then.
 */
export async function mirror(to: Repository, options: MirrorOptions): Promise<MirrorResult> {
  const { origin, archivePath, before = Infinity, deletes, force, concurrency } = options;
  if (origin.url === to.url)
    throw new UsageError('COMMAND_LINE', 'Both URLs are the same: there is nothing to mirror.');
  using lock = await lockArchive(to);
  void lock;
  const { emit, dryRun } = to;
  const from: Repository = { ...to, ...origin, makesPlace: false, dryRun: false, ledger: undefined };
  const here = await readPlace(from);
  const chains = chainsToCopy(here.collection, Infinity);
  if (chains.every((sets) => sets.length === 0)) throw nothingHere(here);
  warnOf(here, emit);
  const there = await readPlace(to);

  const plans = new Map<string, SetCopy>();
  const wanted = chainsToCopy(here.collection, before);
  for (const set of wanted.flat()) plans.set(setKey(set), planOf(set, { here, there, from, to }));
  const sizeOf = (name: string): number => from.remote.listedSizeOf(name) ?? 0;
  const total = [...plans.values()].flatMap(({ files, manifests }) => [...files, ...manifests]).map(sizeOf);
  using progress = startProgress(to, { total: total.reduce((sum, size) => sum + size, 0), ...options });

  const copied: MirroredSet[] = [];
  const sets = new SetMirror({ from, archivePath, to, concurrency, force, progress });
  const failure = await copyChains(wanted, emit, async (set) => {
    const plan = plans.get(setKey(set));
    if (plan === undefined) return false;
    const reason = obstacle(plan);
    if (reason !== undefined) throw reason;
    if (plan.files.length + plan.manifests.length === 0) return true;
    if (dryRun) {
      copied.push(announce(plan, { emit, sizeOf }));
      return true;
    }
    try {
      const sent = await sets.copy(plan);
      if (sent.files > 0) copied.push(sent);
      return true;
    } catch (error) {
      if (!(await isGoneNow(set, error, from))) throw error;
      emit({ kind: 'notice', text: `The backup set of ${asctime(set.end)} was removed meanwhile and is left out.` });
      return false;
    }
  });
  if (copied.length > 0 && !dryRun) await to.remote.confirm();
  progress.finish();
  const found = wanted.flat().length;
  const result = { found, copied, isPlanned: dryRun };
  const after = dryRun ? { here, there } : { here: await readPlace(from), there: await readPlace(to) };
  // What is in neither listing of here is gone here, and not on its way.
  const gone = onlyThere(after).filter(({ key }) => !here.sets.has(key));
  const complete = gone.filter(({ manifests }) => manifests.length > 0).map(idOf);
  if (failure !== undefined) throw failure;
  if (!deletes) {
    sayOnlyThere(complete, here, emit);
    return { ...result, onlyThere: complete.toSorted(byTime), deleted: [] };
  }
  const coming = dryRun ? [...plans.values()].flatMap(({ all }) => [...all.files, ...all.manifests]) : [];
  const obstacleToDeletion = forbidden(gone, { before: { here, there }, after, coming, force }, to);
  if (obstacleToDeletion !== undefined) throw obstacleToDeletion;
  const files = filesToDelete(gone, after.there);
  for (const { name } of files) {
    emit({ kind: 'notice', text: `${dryRun ? 'Would delete' : 'Deleting'} ${name} at the other place.` });
  }
  if (!dryRun) await deleteFiles(to, files);
  return { ...result, onlyThere: [], deleted: gone.map(idOf) };
}

function planOf(
  set: BackupSet,
  { here, there, from, to }: { here: Place; there: Place; from: Repository; to: Repository },
): SetCopy {
  const stored = here.sets.get(setKey(set));
  if (stored === undefined) throw new Error('a set without files');
  return planCopy(
    { ...stored, set },
    {
      here,
      there,
      sizes: { here: from.remote.listedSizeOf, there: to.remote.listedSizeOf },
      keepsCompanions: !/^(?:gio\+)?par2\+/.test(to.url),
    },
  );
}

function announce(
  { stored, files, manifests }: SetCopy,
  { emit, sizeOf }: { readonly emit: Emit; readonly sizeOf: (name: string) => number },
): MirroredSet {
  const names = [...files, ...manifests];
  for (const name of names) emit({ kind: 'notice', text: `Would copy ${name} (${sizeOf(name)} bytes).` });
  const bytes = names.reduce((sum, name) => sum + sizeOf(name), 0);
  return { ...idOf(stored), files: names.length, bytes, verified: 0 };
}

/** Whether a file could not be found because its set was removed since it was listed. */
async function isGoneNow(set: BackupSet, error: unknown, from: Repository): Promise<boolean> {
  if (!(error instanceof BackendError) || error.code !== 'BACKEND_NOT_FOUND') return false;
  const now = await readPlace(from);
  return now.sets.get(setKey(set))?.manifests.length !== set.manifests.length;
}

/** An emptied place is the most frequent accident of mirrors. */
function nothingHere({ names }: Place): DuplicityError {
  const prefixed = [...names].find((name) => /duplicity-(?:full|inc)\./.test(name));
  const hint =
    prefixed === undefined
      ? 'Check that the first URL is right, and that what it names is mounted.'
      : `There are files such as ${prefixed}: name the --file-prefix of the backup.`;
  return new ChainError(
    'BACKEND_NOT_FOUND',
    'There is no complete backup at the first URL. Nothing is copied, and nothing is deleted at the other.',
    { hint },
  );
}

/** A backup that is running, or will go on, is nothing to warn of. */
function warnOf({ collection }: Place, emit: Emit): void {
  for (const warning of collectionWarnings(collection)) {
    if (warning.about !== 'incompleteSets') emit({ kind: 'collectionWarning', warning });
  }
  const times = [...new Set(collection.incomplete.map(({ end }) => end))];
  if (times.length === 0) return;
  const text = `Without a manifest, and left alone: ${times.map(asctime).join(', ')}.`;
  emit({ kind: 'notice', text });
}

function sayOnlyThere(sets: readonly SetId[], here: Place, emit: Emit): void {
  const newer = newerThere(sets, here);
  const say = (kind: 'notice' | 'warning', which: readonly SetId[], text: string): void => {
    if (which.length > 0) emit({ kind, text: `${text} ${which.map(({ end }) => asctime(end)).join(', ')}.` });
  };
  say(
    'notice',
    sets.filter((set) => !newer.includes(set)),
    'Only at the other place, where they stay unless --delete is given:',
  );
  say('warning', newer, 'The other place has backup sets that are newer than all here:');
}
