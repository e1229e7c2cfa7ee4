import { dropStrayJournals } from '../cache/journal.ts';
import { dropStaleParts } from '../cache/partial.ts';
import { planCleanup } from '../collections/deletion.ts';
import { emitWarnings, loadCollection } from './load-collection.ts';
import { deleteFiles } from './delete-files.ts';
import { unfinishedFiles } from './discard-partial.ts';
import { lockArchive } from './lock.ts';
import type { Session } from './session.ts';
import { announceLastFull } from './synchronise.ts';

/** Lists, or with `--force` deletes, files that belong to no complete set. Needs neither key nor source. */
export async function cleanup(session: Session): Promise<number> {
  const { settings, emit } = session;
  using lock = await lockArchive(session);
  void lock;
  let collection = await loadCollection(session);
  emitWarnings(session, collection);
  announceLastFull(session, collection);
  let plan = planCleanup(collection);
  const { partial, staleParts } = collection;
  const first = partial === undefined ? [] : unfinishedFiles(collection, partial);
  if (settings.force && !settings.dryRun) dropStaleParts(session.archiveDir, staleParts);
  const names = [...first.map(({ name }) => name), ...plan.names];
  if (names.length === 0) {
    emit({ kind: 'warning', text: 'No extraneous files found, nothing deleted in cleanup.' });
    return 0;
  }
  const list = names.join('\n');
  if (!settings.force) {
    const found = names.length === 1 ? 'file' : 'files';
    const again = 'Run duplicity again with the --force option to actually delete.';
    emit({ kind: 'notice', text: `Found the following ${found} to delete:\n${list}\n${again}` });
    return 0;
  }
  emit({ kind: 'notice', text: `Deleting ${names.length === 1 ? 'this file' : 'these files'} from backend:\n${list}` });
  if (settings.dryRun) return 0;
  if (first.length > 0) {
    // What belongs to what is different once the unfinished set is gone.
    await deleteFiles(session, first);
    collection = await loadCollection(session);
    plan = planCleanup(collection);
  }
  await deleteFiles(session, [...plan.files, ...plan.copies]);
  dropStrayJournals(session.archiveDir);
  return 0;
}
