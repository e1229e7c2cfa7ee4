import { emptyStatistics } from '../../events/statistics.ts';
import { SetWriter } from '../../pipeline/pack/set-writer.ts';
import type { Repository } from '../../repository/repository.ts';
import type { Source } from '../../repository/source/source-tree.ts';
import { programVersion } from '../../util/program-version.ts';
import { noteSource } from './base/check-source.ts';
import { finishWalk, warnOfFewEntries, warnOfFewFiles } from './check-amount.ts';
import { claimNames } from './claim-names.ts';
import type { BackupOptions } from './options.ts';
import type { SetPlan } from './plan-set.ts';
import { startProgress } from './progress/progress.ts';
import type { SetId } from '../../collections/sets.ts';
import type { Outcome } from './result.ts';
import { volumeCopies } from './reuse/copies.ts';
import { countPuts, countReads } from './reuse/counting.ts';
import { keptCopies, noteSet, takenCopies } from './reuse/note-set.ts';
import { planReuse } from './reuse/plan-reuse.ts';
import { reuseReport } from './reuse/report.ts';
import { baseOf } from './resume/plan-resume.ts';
import { dropSurplus, overLeftovers } from './resume/leftovers.ts';
import { timeOfSet } from './set-time.ts';
import { storeChanges } from './store-changes.ts';

/** Writes the set. It becomes visible when it is complete. */
export async function storeSet(
  repository: Repository,
  options: BackupOptions,
  { source, plan }: { readonly source: Source; readonly plan: SetPlan },
): Promise<Outcome> {
  const { collection, base, resumption, codecs } = plan;
  const { remote, spool, archiveDir, prefixes, hostname, backend, emit, call } = repository;
  if (resumption !== undefined) await dropSurplus(repository, resumption);
  const end = resumption?.set.end ?? (await timeOfSet(repository, collection));
  const set: SetId = { type: base === undefined ? 'full' : 'inc', start: base?.signatures.end ?? end, end };
  const traffic = { read: 0, sent: 0 };
  const to = resumption === undefined ? claimNames(repository, collection, set) : overLeftovers(remote, collection);
  const reuse =
    plan.reuse &&
    (await planReuse(repository, options, { base: plan.reuse, source, open: countReads(source.open, traffic) }));
  const asLink = options.reuse.mode === 'link';
  const copies = reuse && volumeCopies(repository, countPuts(to, traffic), { asLink, set: reuse.base.set });
  using progress = await startProgress(repository, options, { source, base, known: reuse?.outlook.toRead });
  const statistics = emptyStatistics(Date.now() / 1000);
  using workDir = archiveDir.makeTempDir();
  const writer = new SetWriter({
    ...set,
    prefixes,
    codec: codecs.volume,
    manifestCodec: codecs.manifest,
    localCodec: codecs.local,
    remote: countPuts(to, traffic),
    copies,
    spool,
    archiveDir: archiveDir.path,
    workDir: workDir.path,
    hostname,
    localDir: options.source.path,
    volumeSize: options.volumeSize,
    listFiles: options.listsFiles,
    kept: resumption?.kept ?? [],
    journal: { program: programVersion(), base: baseOf(base) },
    failOnVolume: options.failOnVolume,
    concurrency: options.concurrency,
    parallel: backend.traits.parallel,
    statistics,
    emit: progress?.emit ?? emit,
    signal: call.signal,
  });
  let before = 0;
  let volumes = 0;
  let isToSkip = false;
  try {
    const open = countReads(progress?.open ?? source.open, traffic);
    before = await storeChanges(repository, options, {
      source,
      plan,
      writer,
      statistics,
      open,
      reuse: reuse && copies && { reuse, copies },
      endsAtDirectories: base === undefined && mayBeReused(repository, options),
    });
    finishWalk(repository, options, { source, statistics });
    statistics.endTime = Date.now() / 1000;
    isToSkip =
      options.skipsUnchanged && base !== undefined && resumption === undefined && statistics.deltaEntries === 0;
    if (isToSkip) await writer.abort();
    else volumes = await writer.finish();
    await noteSource(repository, options);
    const taken = [...keptCopies(resumption?.kept ?? []), ...takenCopies(copies)];
    if (!isToSkip) noteSet(repository, { set, volumes, codec: codecs.volume, taken });
  } catch (error) {
    await writer.abort();
    throw error;
  }
  progress?.finish();
  if (base === undefined) warnOfFewFiles(repository, collection, writer.manifest.files);
  else warnOfFewEntries(repository, before, statistics.sourceFiles);
  const report = reuse && copies && reuseReport(reuse, copies, traffic);
  return { kind: isToSkip ? 'skipped' : 'stored', set, statistics, volumes, reuse: report };
}

/** Whether a later full backup can take volumes over. */
function mayBeReused({ backend }: Repository, { reuse }: BackupOptions): boolean {
  return reuse.mode !== 'never' && backend.copy !== undefined;
}
