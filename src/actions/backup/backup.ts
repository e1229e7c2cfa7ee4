import { setTimeout } from 'node:timers/promises';
import type { EntryStream } from '../../archive/entry.ts';
import { isNameTime } from '../../archive/names/name-time.ts';
import { allSets, isAhead, type Collection } from '../../collections/collection.ts';
import { ChainError } from '../../errors/errors.ts';
import { FILES_LEVEL } from '../../events/events.ts';
import { emptyStatistics } from '../../events/statistics.ts';
import { Producer } from '../../pipeline/pack/producer.ts';
import { ChangedMeanwhile } from '../../pipeline/pack/resume-point.ts';
import { SetWriter } from '../../pipeline/pack/set-writer.ts';
import type { RootPath } from '../../source/root.ts';
import { othersTurn } from '../../util/others-turn.ts';
import { asctime, type EpochSeconds } from '../../util/time.ts';
import { startProgress } from './progress/progress.ts';
import { reportBackup } from './report.ts';
import { finishWalk, warnOfFewEntries, warnOfFewFiles } from './check-amount.ts';
import { checkResources } from '../../repository/check-resources.ts';
import { checkSource, noteSource, warnOfLink } from './check-source.ts';
import { type BackupKind, chooseBase, findBackups, warnOfClearSets } from './choose-base.ts';
import { claimNames } from './claim-names.ts';
import { dryRun } from './dry-run.ts';
import { emitWarnings } from '../../repository/load-collection.ts';
import { lockArchive } from '../../repository/lock.ts';
import { keptSink, openComparison } from './open-comparison.ts';
import { openSignatures } from '../../repository/metadata/open-signatures.ts';
import { baseOf } from './resume/plan-resume.ts';
import { programVersion } from '../../util/program-version.ts';
import { confirmSettings, dropSurplus, resumeOrDiscard } from './resume/resume.ts';
import { ownPlaces, warnOfOwnRoot } from '../../repository/source/own-places.ts';
import type { Session } from '../session.ts';
import { openSource } from '../../repository/source/source-tree.ts';

/** Entries after which others get their turn, signals above all: some tens of milliseconds. */
const STRIDE = 1024;
/** The same while volumes are on their way: an upload does no more than a few blocks in a turn. */
const BUSY_STRIDE = 64;

/** What a set is based on: nothing for a full one. */
interface Base {
  readonly start: EpochSeconds;
  readonly state: EntryStream;
}

/** Writes one backup set of the tree at `root`. `backup` is incremental where it can be. */
export async function backup(session: Session, kind: BackupKind, root: RootPath): Promise<number> {
  try {
    return await storeSet(session, { kind, root, mayGoOnInFile: true });
  } catch (error) {
    if (!(error instanceof ChangedMeanwhile)) throw error;
    session.emit({ kind: 'info', text: error.message });
  }
  return storeSet(session, { kind, root, mayGoOnInFile: false });
}

interface BackupTask {
  readonly kind: BackupKind;
  readonly root: RootPath;
  /** An unfinished set may go on in the middle of a file. */
  readonly mayGoOnInFile: boolean;
}

async function storeSet(session: Session, { kind: wanted, root, mayGoOnInFile }: BackupTask): Promise<number> {
  const { settings, emit } = session;
  const sourcePath = root.path;
  const source = openSource(session, root, {
    ...settings,
    code: 'BACKUP_DIR_MISSING',
    leavesOut: ownPlaces(session, 'warning'),
  });
  warnOfLink(session, root);
  warnOfOwnRoot(session, root.path);
  using lock = await lockArchive(session);
  void lock;
  checkResources(session, { concurrency: settings.concurrency, volumeSize: settings.volsize });
  const { found, kind } = await findBackups(session, wanted);
  emitWarnings(session, found);
  const { collection, resumption } = await resumeOrDiscard(session, found, { source: sourcePath, mayGoOnInFile });
  let active = resumption === undefined ? await chooseBase(session, kind, collection) : resumption.base;
  const { volume, manifest, local } = await session.keys.writers();
  if (resumption !== undefined) await confirmSettings(session, resumption, volume);
  else if (active !== undefined) {
    const isSound = await checkSource(session, active.chain, {
      source: sourcePath,
      isExplicit: kind === 'incremental',
    });
    if (!isSound) active = undefined;
  }
  if (active !== undefined) warnOfClearSets(session, active.chain, volume);
  if (settings.dryRun) return dryRun(session, { source, sourcePath, active, resumption });

  if (resumption !== undefined) await dropSurplus(session, resumption);
  const end = resumption?.set.end ?? (await timeOfSet(session, collection));
  const base: Base | undefined =
    active === undefined
      ? undefined
      : { start: active.signatures.end, state: openSignatures(session, active.signatures) };
  using progress = settings.progress ? await startProgress(session, source, active) : undefined;
  const statistics = emptyStatistics(Date.now() / 1000);
  using workDir = session.archiveDir.makeTempDir();
  const set = { type: base === undefined ? 'full' : 'inc', start: base?.start ?? end, end } as const;
  const writer = new SetWriter({
    ...set,
    prefixes: session.prefixes,
    codec: volume,
    manifestCodec: manifest,
    localCodec: local,
    remote: resumption === undefined ? claimNames(session, collection, set) : session.remote,
    spool: session.spool,
    archiveDir: session.archiveDir.path,
    workDir: workDir.path,
    hostname: session.hostname,
    localDir: sourcePath,
    volumeSize: settings.volsize,
    listFiles: !settings.noFilesChanged,
    kept: resumption?.kept ?? [],
    journal: { program: programVersion(), base: baseOf(active) },
    failOnVolume: settings.failOnVolume,
    concurrency: settings.concurrency,
    parallel: session.backend.traits.parallel,
    statistics,
    emit: progress?.emit ?? emit,
    signal: session.call.signal,
  });
  const pause = (): Promise<void> => othersTurn(session.call.signal);
  let isToSkip = false;
  let before = 0;
  const sink = keptSink(writer, statistics);
  const { changes, state } = openComparison(session, source, { base: base?.state, resumption, sink });
  try {
    const producer = new Producer({
      volumes: writer.volumes,
      signatures: writer.signatures,
      state,
      maxBlockSize: settings.maxBlocksize,
      open: progress?.open ?? source.open,
      statistics,
      pause,
      emit,
      announcesFiles: settings.verbosity >= FILES_LEVEL,
      onFile: (change, path) => writer.manifest.addFile(change, path),
      onLongFile: (file) => (writer.inProgress = file),
      begun: resumption?.point.split,
    });
    for (let step = 1; ; step++) {
      let change = changes.next();
      if (change instanceof Promise) change = await change;
      if (change === undefined) break;
      if (step % (writer.isUploading ? BUSY_STRIDE : STRIDE) === 0) await pause();
      if (change.previous !== undefined) before++;
      if (change.kind === 'unreadable') continue;
      if (change.kind === 'unchanged') {
        statistics.sourceFiles++;
        statistics.sourceFileSize += change.source.meta.size;
      } else {
        const stored = producer.store(change);
        if (stored instanceof Promise) await stored;
      }
    }
    finishWalk(session, source, statistics, sourcePath);
    statistics.endTime = Date.now() / 1000;
    isToSkip =
      settings.skipIfNoChange && base !== undefined && resumption === undefined && statistics.deltaEntries === 0;
    if (isToSkip) await writer.abort();
    else await writer.finish();
    await noteSource(session, sourcePath);
  } catch (error) {
    await writer.abort();
    throw error;
  } finally {
    await state?.close();
  }
  progress?.finish();
  if (base === undefined) warnOfFewFiles(session, collection, writer.manifest.files);
  else warnOfFewEntries(session, before, statistics.sourceFiles);
  if (isToSkip) emit({ kind: 'notice', text: 'Skipped volume upload, as effectivly nothing has changed' });
  const outcome = isToSkip ? ({ kind: 'skipped' } as const) : ({ kind: 'stored', codec: volume } as const);
  await reportBackup(session, { statistics, active, source: sourcePath, end, outcome });
  return 0;
}

/**
 * Names have a resolution of one second: of two sets in the same one, one would hide or overwrite the other. Nor may a set
 * be from before the newest one, which can be ahead by as much as clocks differ: it would not be taken for the newest.
 */
async function timeOfSet({ now, emit, call }: Session, collection: Collection): Promise<EpochSeconds> {
  const sets = allSets(collection);
  const taken = new Set(sets.map(({ end }) => end));
  const newest = collection.isClockDoubted
    ? 0
    : Math.max(0, ...sets.filter((set) => !isAhead(collection, set)).map(({ end }) => end));
  let time = Math.trunc(now);
  if (!isNameTime(time)) {
    throw new ChainError(
      'USER_ERROR',
      `The clock says ${time} seconds since 1970: no name of a file can tell that time.`,
      {
        hint: 'Set the clock right.',
      },
    );
  }
  if (time < newest) {
    emit({ kind: 'notice', text: `The last backup set is from ${asctime(newest)}: waiting until that is over.` });
  }
  while (taken.has(time) || time < newest) {
    await setTimeout(1050 - (Date.now() % 1000));
    call.signal.throwIfAborted();
    time = Math.max(time, Math.trunc(Date.now() / 1000));
  }
  return time;
}
