import type { Collection } from '../../collections/collection.ts';
import { collectionStatus, NO_ACTIVE_CHAIN } from '../../collections/status-text.ts';
import { emitWarnings, loadCollection } from '../../repository/load-collection.ts';
import { lockArchive } from '../../repository/lock.ts';
import type { Session } from '../session.ts';
import { showChangesInSet, showFileHistory } from './show-changes.ts';
import { announceLastFull } from '../../repository/synchronise.ts';

/**
 * Shows chains, sets and what is left over, from names alone: needs no key and changes nothing. What changed in a set
 * stands in its manifest.
 */
export async function showStatus(session: Session): Promise<number> {
  using lock = await lockArchive(session);
  void lock;
  const collection = await loadCollection(session);
  emitWarnings(session, collection);
  announceLastFull(session, collection);
  const { fileChanged, showChangesInSet: index } = session.settings;
  if (fileChanged === undefined && index === undefined) showChains(session, collection);
  else if (collection.active === undefined) session.emit({ kind: 'forced', text: NO_ACTIVE_CHAIN });
  else if (index !== undefined) await showChangesInSet(session, collection.active.chain, index);
  else if (fileChanged !== undefined) await showFileHistory(session, collection.active.chain, fileChanged);
  return 0;
}

function showChains({ emit, backendName, archiveDir }: Session, collection: Collection): void {
  const place = { backendName, archiveDir: archiveDir.path };
  emit({ kind: 'collectionStatus', ...collectionStatus(collection, place), forced: true });
}
