import { emptyStatistics } from '../../events/statistics.ts';
import { settleDoubt } from '../../pipeline/compare/settle-doubt.ts';
import { othersTurn } from '../../util/others-turn.ts';
import { finishWalk } from './check-amount.ts';
import { openComparison } from './open-comparison.ts';
import { openSignatures } from '../../repository/metadata/open-signatures.ts';
import type { BackupOptions } from './options.ts';
import { countReads } from './reuse/counting.ts';
import { planReuse } from './reuse/plan-reuse.ts';
import { plannedReport } from './reuse/report.ts';
import type { SetPlan } from './plan-set.ts';
import type { SetId } from '../../collections/sets.ts';
import type { Outcome } from './result.ts';
import type { Repository } from '../../repository/repository.ts';
import type { Source } from '../../repository/source/source-tree.ts';

/** Finds out what a backup would store. Nothing is written, and only files in doubt are opened. */
export async function dryRun(
  repository: Repository,
  options: BackupOptions,
  { source, plan: { base, resumption, reuse } }: { readonly source: Source; readonly plan: SetPlan },
): Promise<Outcome> {
  const { emit, now } = repository;
  const { announcesFiles, maxBlockSize, numericOwner } = options;
  const previous = base && openSignatures(repository, base.signatures);
  const traffic = { read: 0, sent: 0 };
  const planned =
    reuse && (await planReuse(repository, options, { base: reuse, source, open: countReads(source.open, traffic) }));
  const statistics = emptyStatistics(Date.now() / 1000);
  const pause = (): Promise<void> => othersTurn(repository.call.signal);
  const { changes, state } = openComparison(repository, source, { base: previous, resumption, numericOwner });
  try {
    for (;;) {
      let change = changes.next();
      if (change instanceof Promise) change = await change;
      if (change === undefined) break;
      if (change.kind === 'unreadable') continue;
      if (change.kind === 'deleted') {
        if (announcesFiles) emit({ kind: 'fileDeleted', path: change.previous.path });
        statistics.deletedFiles++;
        continue;
      }
      const { path, meta } = change.source;
      let { kind } = change;
      if (change.kind === 'doubtful') {
        const found = await settleDoubt(change.source, { state, open: source.open, maxBlockSize, pause });
        if (found.kind === 'unreadable') {
          statistics.errors++;
          emit({ kind: 'warning', code: 'cannotRead', path, text: found.error.message });
          continue;
        }
        ({ kind } = found);
      }
      statistics.sourceFiles++;
      statistics.sourceFileSize += meta.size;
      if (kind === 'unchanged') continue;
      if (announcesFiles) {
        emit({ kind: kind === 'diff' ? 'fileChanged' : 'fileNew', path });
        // Front ends take the total of a later backup from these.
        emit({ kind: 'progress', current: statistics.sourceFileSize });
      }
      if (kind === 'diff') {
        statistics.changedFiles++;
        statistics.changedFileSize += meta.size;
      } else {
        statistics.newFiles++;
        statistics.newFileSize += meta.size;
      }
    }
  } finally {
    await state?.close();
  }
  emit({ kind: 'progress', current: statistics.sourceFileSize });
  statistics.deltaEntries = statistics.newFiles + statistics.changedFiles + statistics.deletedFiles;
  finishWalk(repository, options, { source, statistics });
  statistics.endTime = Date.now() / 1000;
  const end = resumption?.set.end ?? Math.trunc(now);
  const set: SetId = { type: base === undefined ? 'full' : 'inc', start: base?.signatures.end ?? end, end };
  const report = planned && plannedReport(planned, traffic.read);
  return { kind: 'planned', set, statistics, volumes: 0, reuse: report };
}
