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
import { baseOf } from './resume/plan-resume.ts';
import { dropSurplus } from './resume/resume.ts';
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
  using progress = await startProgress(repository, options, { source, base });
  const statistics = emptyStatistics(Date.now() / 1000);
  using workDir = archiveDir.makeTempDir();
  const writer = new SetWriter({
    ...set,
    prefixes,
    codec: codecs.volume,
    manifestCodec: codecs.manifest,
    localCodec: codecs.local,
    remote: resumption === undefined ? claimNames(repository, collection, set) : remote,
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
    const open = progress?.open ?? source.open;
    before = await storeChanges(repository, options, { source, plan, writer, statistics, open });
    finishWalk(repository, options, { source, statistics });
    statistics.endTime = Date.now() / 1000;
    isToSkip =
      options.skipsUnchanged && base !== undefined && resumption === undefined && statistics.deltaEntries === 0;
    if (isToSkip) await writer.abort();
    else volumes = await writer.finish();
    await noteSource(repository, options);
  } catch (error) {
    await writer.abort();
    throw error;
  }
  progress?.finish();
  if (base === undefined) warnOfFewFiles(repository, collection, writer.manifest.files);
  else warnOfFewEntries(repository, before, statistics.sourceFiles);
  return { kind: isToSkip ? 'skipped' : 'stored', set, statistics, volumes };
}
