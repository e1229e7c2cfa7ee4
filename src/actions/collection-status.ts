import { collectionStatus } from '../collections/status-text.ts';
import { emitWarnings, loadCollection } from './load-collection.ts';
import { lockArchive } from './lock.ts';
import type { Session } from './session.ts';
import { announceLastFull } from './synchronise.ts';

/** Shows chains, sets and what is left over, from names alone: needs no key and changes nothing. */
export async function showStatus(session: Session): Promise<number> {
  using lock = await lockArchive(session);
  void lock;
  const collection = await loadCollection(session);
  emitWarnings(session, collection);
  announceLastFull(session, collection);
  const place = { backendName: session.backendName, archiveDir: session.archiveDir.path };
  session.emit({ kind: 'collectionStatus', ...collectionStatus(collection, place), forced: true });
  return 0;
}
