import type { ActiveChain } from '../../collections/collection.ts';
import { FILES_LEVEL } from '../../events/events.ts';
import { emptyStatistics } from '../../events/statistics.ts';
import { settleDoubt } from '../../pipeline/compare/settle-doubt.ts';
import type { BytePath } from '../../util/bytepath.ts';
import { othersTurn } from '../../util/others-turn.ts';
import { reportBackup } from './report.ts';
import { finishWalk } from './check-amount.ts';
import { openComparison } from './open-comparison.ts';
import { openSignatures } from '../../repository/metadata/open-signatures.ts';
import type { Resumption } from './resume/plan-resume.ts';
import type { Session } from '../session.ts';
import type { Source } from '../../repository/source/source-tree.ts';

interface DryRun {
  readonly source: Source;
  readonly sourcePath: BytePath;
  /** What an increment would be based on. */
  readonly active: ActiveChain | undefined;
  /** The unfinished set that it would go on with. */
  readonly resumption: Resumption | undefined;
}

/** Says what a backup would store. Nothing is written, and only files in doubt are opened. */
export async function dryRun(session: Session, { source, sourcePath, active, resumption }: DryRun): Promise<number> {
  const { emit, settings } = session;
  const base = active && openSignatures(session, active.signatures);
  const announcesFiles = settings.verbosity >= FILES_LEVEL;
  const statistics = emptyStatistics(Date.now() / 1000);
  const maxBlockSize = settings.maxBlocksize;
  const pause = (): Promise<void> => othersTurn(session.call.signal);
  const { changes, state } = openComparison(session, source, { base, resumption });
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
  finishWalk(session, source, statistics, sourcePath);
  statistics.endTime = Date.now() / 1000;
  await reportBackup(session, {
    statistics,
    active,
    source: sourcePath,
    end: Math.trunc(session.now),
    outcome: { kind: 'dry' },
  });
  return 0;
}
