import type { EntryStream } from '../archive/entry.ts';
import { emptyStatistics } from '../events/statistics.ts';
import { Comparison } from '../pipeline/compare.ts';
import { archivedOwner } from './archived-owner.ts';
import type { Session } from './session.ts';
import type { Source } from './source-tree.ts';

/** Says what a backup would store, from metadata alone: no file is opened and nothing is written. */
export async function dryRun(session: Session, source: Source, state: EntryStream | undefined): Promise<number> {
  const { emit, settings } = session;
  const statistics = emptyStatistics(Date.now() / 1000);
  const comparison = new Comparison(source.walk(), state, {
    ownerOf: (meta) => archivedOwner(session, meta),
    isUnreadable: source.isUnreadable,
  });
  try {
    for (;;) {
      let change = comparison.next();
      if (change instanceof Promise) change = await change;
      if (change === undefined) break;
      if (change.kind === 'unreadable') continue;
      if (change.kind === 'deleted') {
        emit({ kind: 'fileDeleted', path: change.previous.path });
        statistics.deletedFiles++;
        continue;
      }
      const { path, meta } = change.source;
      statistics.sourceFiles++;
      statistics.sourceFileSize += meta.size;
      if (change.kind === 'unchanged') continue;
      emit({ kind: change.kind === 'diff' ? 'fileChanged' : 'fileNew', path });
      if (change.kind === 'diff') {
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
  statistics.errors = source.errors();
  statistics.endTime = Date.now() / 1000;
  if (!settings.noPrintStatistics) emit({ kind: 'statistics', statistics });
  return 0;
}
