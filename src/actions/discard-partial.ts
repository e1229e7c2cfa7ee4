import type { Collection } from '../collections/collection.ts';
import { volumeNames } from '../collections/sets.ts';
import { loadCollection } from './load-collection.ts';
import type { Session } from './session.ts';

/**
 * What an interrupted backup left is given up: its volumes go, then the unfinished metadata, and the backup starts
 * over. Nothing is lost, because an unfinished set is never restored from.
 */
export async function discardPartial(session: Session, collection: Collection): Promise<Collection> {
  const { backend, archiveDir, emit, call, settings } = session;
  const { partial, staleParts } = collection;
  if (partial === undefined && staleParts.length === 0) return collection;
  if (partial !== undefined) {
    const kind = partial.type === 'full' ? 'full' : 'inc';
    emit({ kind: 'notice', text: `Last ${kind} backup left a partial set, restarting.` });
  }
  if (settings.dryRun) return collection;
  if (partial !== undefined) {
    for (const name of volumeNames(partial)) await backend.delete(name, call);
    for (const name of [partial.partialManifest, partial.partialSignatures])
      if (name !== undefined) archiveDir.remove(name);
  }
  for (const name of staleParts) archiveDir.remove(name);
  return loadCollection(session);
}
