import type { EntryStream } from '../../archive/entry.ts';
import { sumOfKnown } from '../../collections/set-bytes.ts';
import { idOf } from '../../collections/sets.ts';
import { DuplicityError, IntegrityError, UsageError } from '../../errors/errors.ts';
import { lockArchive } from '../../repository/lock.ts';
import { openSetSignatures, openSignatures } from '../../repository/metadata/open-signatures.ts';
import { findPastListing } from '../../repository/past/past-listing.ts';
import { planPastTree } from '../../repository/past/past-tree.ts';
import type { Repository } from '../../repository/repository.ts';
import { openSource, type SourceOptions } from '../../repository/source/source-tree.ts';
import type { RootPath } from '../../source/root.ts';
import { type BytePath, ROOT, shown } from '../../util/bytepath.ts';
import { asctime } from '../../util/time.ts';
import { drawChanged, inTurns, seededRandom } from './choose-files.ts';
import { drillFile, fitting } from './drill-files.ts';
import { drillListing, laySignatures, type SourceSide } from './drill-listing.ts';
import { type Expectation, newestState, type NewestState } from './newest-state.ts';
import type { DrilledFiles, DrillFailure, DrillReport } from './report.ts';

export interface DrillOptions extends Expectation, Partial<SourceOptions> {
  /** The tree that was backed up. */
  readonly source?: RootPath | undefined;
  /** Files that are restored. */
  readonly files: number;
  /** Of their content, at most; one file at least is restored. */
  readonly bytes: number;
  /** Chooses them. */
  readonly seed: number;
  /** Bytes per second at which this place was restored before. */
  readonly knownRate?: number | undefined;
}

/** Differences that are told one by one. */
const TOLD = 5;

const HINT = 'A restore would fail like this: mend it now. "check" tells what else is damaged.';

/**
 * Restores some files and the whole listing of the newest set, as in an emergency: with an archive dir that holds nothing but
 * the ledger. Files are compared on their way and not kept. Whatever goes wrong is in the report.
 */
export async function drill(repository: Repository, options: DrillOptions): Promise<DrillReport> {
  const begun = performance.now();
  const { seed } = options;
  const failures: DrillFailure[] = [];
  let report: Omit<DrillReport, 'isPassed' | 'failures' | 'seconds'> = { ...NOTHING, seed };
  const note = (more: Partial<typeof report>): void => void (report = { ...report, ...more });
  const fail = (what: string, hint = HINT, path?: BytePath): void => void failures.push({ what, hint, path });
  const attempt = async <T>(step: () => Promise<T>, path?: BytePath): Promise<T | undefined> => {
    try {
      return await step();
    } catch (error) {
      repository.call.signal.throwIfAborted();
      if (!(error instanceof DuplicityError) || error instanceof UsageError) throw error;
      fail(path === undefined ? error.message : `${shown(path)}: ${error.message}`, error.hint, path);
      return undefined;
    }
  };
  const source = openSide(repository, options);
  using lock = await lockArchive(repository);
  void lock;
  const newest = await attempt(() => newestState(repository, options, (expected) => note({ expected })));
  if (newest !== undefined) {
    const { state } = newest;
    const last = state.sets.at(-1);
    note({ age: repository.now - state.time, ...(last && { set: idOf(last) }) });
    const paths = await attempt(() => readListing(repository, options, { newest, source, note, fail }));
    if (paths !== undefined) await restoreFiles(repository, options, { newest, paths, source, note, fail, attempt });
    await attempt(async () => note(await outlook(repository, newest, report, options.knownRate)));
  }
  const seconds = (performance.now() - begun) / 1000;
  return { ...report, isPassed: failures.length === 0, failures, seconds };
}

const NO_FILES: DrilledFiles = { restored: 0, bytes: 0, asInSource: 0, asSigned: 0, changedSince: 0, ofNewestSet: 0 };

const NOTHING = {
  set: undefined,
  age: undefined,
  expected: undefined,
  listing: { entries: 0, asInSource: undefined, changedSince: undefined, onlyInSource: undefined },
  files: NO_FILES,
  read: 0,
  bytesPerSecond: undefined,
  toRestore: undefined,
  restoreSeconds: undefined,
} as const;

interface Step {
  readonly newest: NewestState;
  readonly source: SourceSide | undefined;
  readonly note: (more: Partial<DrillReport>) => void;
  readonly fail: (what: string, hint?: string, path?: BytePath) => void;
}

interface Paths {
  readonly chosen: readonly BytePath[];
  readonly ofNewest: ReadonlySet<BytePath>;
  readonly reopen: () => EntryStream;
}

function openSide(repository: Repository, { source, ...options }: DrillOptions): SourceSide | undefined {
  if (source === undefined) return undefined;
  const { selection = [], copyLinks = false, nullSeparator = false } = options;
  const seen = { selection, copyLinks, nullSeparator, code: 'VERIFY_DIR_MISSING' } as const;
  const { walk } = openSource(repository, source, seen);
  return { root: source.path, walk };
}

async function readListing(
  repository: Repository,
  { files, seed }: DrillOptions,
  { newest: { state }, source, note, fail }: Step,
): Promise<Paths> {
  const random = seededRandom(seed);
  // Some may be too large.
  const most = 3 * files;
  const listing = await findPastListing(repository, undefined);
  if (listing.end !== state.time) {
    throw new IntegrityError('DRILL_FAILED', `The signatures of the backup of ${asctime(state.time)} are not there.`, {
      hint: 'Restores do not need them, lists and the next backups do: make a full backup.',
    });
  }
  const newestFile = listing.files.at(-1);
  const changed =
    newestFile === undefined
      ? []
      : await drawChanged(openSetSignatures(repository, { place: listing.place, file: newestFile }), { most, random });
  let differences = 0;
  const differs = (path: BytePath): void => {
    if (++differences <= TOLD) {
      fail(`${shown(path)} is not in the backup as it has been in the source since before it.`, LISTED_HINT, path);
    }
  };
  const { told, drawn } = await drillListing(openSignatures(repository, listing), {
    most,
    random,
    source,
    time: state.time,
    differs,
  });
  if (differences > TOLD)
    fail(`${differences - TOLD} more are not in the backup as they are in the source.`, LISTED_HINT);
  note({ listing: told });
  return {
    chosen: inTurns(changed, drawn, { most, random }),
    ofNewest: new Set(changed),
    reopen: () => openSignatures(repository, listing),
  };
}

const LISTED_HINT =
  'Either it could not be read when it was backed up, or this is not the backup of that source, or an older state of it.';

async function restoreFiles(
  repository: Repository,
  { files: most, bytes }: DrillOptions,
  given: Step & {
    readonly paths: Paths;
    readonly attempt: <T>(step: () => Promise<T>, path?: BytePath) => Promise<T | undefined>;
  },
): Promise<void> {
  const { newest, paths, source, note, fail, attempt } = given;
  const laid = await attempt(() => laySignatures(paths.reopen(), paths.chosen, repository.spool));
  if (laid === undefined) return;
  const inOrder = paths.chosen.flatMap((path) => laid.get(path) ?? []);
  let files = NO_FILES;
  let read: number | undefined = 0;
  let ms = 0;
  const isOfNewest = (path: BytePath): boolean => paths.ofNewest.has(path);
  for (const one of fitting(inOrder, { files: most, bytes, isOfNewest })) {
    repository.call.signal.throwIfAborted();
    const { path } = one;
    const begun = performance.now();
    const drilled = await attempt(() => drillFile(repository, newest.state, one, source?.root), path);
    ms += performance.now() - begun;
    if (drilled === undefined) continue;
    const isSame = drilled.source === 'same';
    if (!drilled.fitsSignature) fail(`${shown(path)} does not come back as it was backed up.`, DIFFERS_HINT, path);
    else if (drilled.source === 'different')
      fail(`${shown(path)} comes back as another file than it is.`, SOURCE_HINT, path);
    files = {
      restored: files.restored + 1,
      bytes: files.bytes + drilled.bytes,
      asInSource: files.asInSource + (isSame ? 1 : 0),
      asSigned: files.asSigned + (drilled.fitsSignature ? 1 : 0),
      changedSince: files.changedSince + (drilled.source === 'changed' ? 1 : 0),
      ofNewestSet: files.ofNewestSet + (isOfNewest(path) ? 1 : 0),
    };
    const volumeBytes = sumOfKnown(drilled.volumes.map((name) => repository.remote.listedSizeOf(name)));
    read = read === undefined || volumeBytes === undefined ? undefined : read + volumeBytes;
  }
  const rate = read === undefined || read === 0 || ms === 0 ? undefined : (read / ms) * 1000;
  note({ files, read: read ?? 0, bytesPerSecond: rate });
}

const DIFFERS_HINT = 'Its content is not what its signature tells: "check --deep" finds out what is damaged.';
const SOURCE_HINT =
  'It has been like this since before the backup: the disk of the source, or the memory of this machine, may be bad, or this is not its backup.';

/** How long to restore all of it takes. */
async function outlook(
  repository: Repository,
  { state }: NewestState,
  { bytesPerSecond }: Pick<DrillReport, 'bytesPerSecond'>,
  knownRate: number | undefined,
): Promise<Partial<DrillReport>> {
  const { volumes } = await planPastTree(repository, state, ROOT);
  const toRestore = sumOfKnown(volumes.map((name) => repository.remote.listedSizeOf(name)));
  // The beginning of a volume says less than a whole state that was read once.
  const rates = [bytesPerSecond, knownRate].filter((rate) => rate !== undefined);
  const rate = rates.length === 0 ? undefined : Math.min(...rates);
  const restoreSeconds = toRestore === undefined || rate === undefined ? undefined : toRestore / rate;
  return { toRestore, restoreSeconds };
}
