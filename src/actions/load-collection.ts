import { buildCollection, type Collection } from '../collections/collection.ts';
import { collectionWarnings } from '../collections/warnings.ts';
import { listRemote } from './list-remote.ts';
import type { Session } from './session.ts';

/** Lists the remote and the archive dir and puts the files in order. */
export async function loadCollection(session: Session): Promise<Collection> {
  return regroup(session, await listRemote(session));
}

/** The same for known listings. */
export function regroup(
  { archiveDir, prefixes, settings, remote: { unusable } }: Session,
  remote: readonly string[],
  local: readonly string[] = archiveDir.list(),
): Collection {
  const naming = { prefixes, timeSeparator: settings.timeSeparator };
  return buildCollection({ remote, local, naming, unusable });
}

export function emitWarnings({ emit }: Session, collection: Collection): void {
  for (const { code, text } of collectionWarnings(collection)) emit({ kind: 'warning', code, text });
}
