import { parseName } from '../../archive/names/names.ts';
import { isNotThere } from '../../backends/failures/not-there.ts';
import { dropStrayJournals } from '../../cache/journal.ts';
import { dropStaleParts } from '../../cache/partial.ts';
import { planCleanup, type Deletion } from '../../collections/deletion.ts';
import { emitWarnings, loadCollection } from '../../repository/load-collection.ts';
import { deleteFiles } from './delete-files.ts';
import { unfinishedFiles } from '../../repository/discard-partial.ts';
import { withoutDamaged } from '../../repository/without-damaged.ts';
import { lockArchive } from '../../repository/lock.ts';
import type { Session } from '../session.ts';
import { announceLastFull } from '../../repository/synchronise.ts';

/**
 * Lists, or with `--force` deletes, files that belong to no complete set. Needs neither source nor key; with one it knows
 * damaged manifests.
 */
export async function cleanup(session: Session): Promise<number> {
  const { settings, emit } = session;
  using lock = await lockArchive(session);
  void lock;
  let collection = await withoutDamaged(session, await loadCollection(session));
  emitWarnings(session, collection);
  announceLastFull(session, collection);
  let plan = planCleanup(collection);
  const { partial, staleParts } = collection;
  const first = partial === undefined ? [] : unfinishedFiles(collection, partial);
  if (settings.force && !settings.dryRun) dropStaleParts(session.archiveDir, staleParts);
  const parts = await unfinishedUploads(session).catch((error: unknown) => {
    if (session.makesPlace || !isNotThere(error)) throw error;
    return [];
  });
  const names = [...first.map(({ name }) => name), ...plan.names, ...parts.map(({ name }) => name)];
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
  await deleteFiles(session, [...plan.files, ...plan.copies, ...parts]);
  dropStrayJournals(session.archiveDir);
  return 0;
}

/** What killed runs left of our uploads; not what other programs have left of theirs. */
async function unfinishedUploads({ backend, prefixes, settings, call }: Session): Promise<readonly Deletion[]> {
  const found: Deletion[] = [];
  const naming = { prefixes, timeSeparator: settings.timeSeparator };
  for await (const { name } of backend.unfinished?.(call) ?? []) {
    // `.NAME.part` of ours, also of a recovery file and with what rclone appends, or `.NAME.XXXXXX` of rsync.
    const stored = /^\.(.+?)(?:(?:\.vol\d+\+\d+)?\.par2)?\.(?:part(?:\..*)?|[A-Za-z0-9]{6})$/.exec(name)?.[1];
    if (stored !== undefined && parseName(stored, naming) !== undefined) found.push({ place: 'remote', name });
  }
  return found.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
