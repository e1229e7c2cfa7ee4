import { buildCollection, type Collection } from '../collections/collection.ts';
import { collectionWarnings } from '../collections/warnings.ts';
import type { Session } from './session.ts';

/** Lists the remote and the archive dir and puts the files in order. */
export async function loadCollection(session: Session): Promise<Collection> {
  const { backend, remote, call } = session;
  const names: string[] = [];
  for await (const file of backend.list(call)) {
    names.push(file.name);
    remote.learn(file);
  }
  return regroup(session, names);
}

/** The same for known listings. */
export function regroup(
  { archiveDir, prefixes, settings }: Session,
  remote: readonly string[],
  local: readonly string[] = archiveDir.list(),
): Collection {
  const naming = { prefixes, timeSeparator: settings.timeSeparator };
  return buildCollection({ remote, local, naming });
}

export function emitWarnings({ emit }: Session, collection: Collection): void {
  for (const { code, text } of collectionWarnings(collection)) emit({ kind: 'warning', code, text });
}
