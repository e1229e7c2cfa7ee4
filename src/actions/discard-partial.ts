import type { Collection } from '../collections/collection.ts';
import type { Deletion } from '../collections/deletion.ts';
import { setKey, type ListedFile } from '../collections/listing.ts';
import { volumeNames, type BackupSet } from '../collections/sets.ts';
import { dropStaleParts } from '../cache/partial.ts';
import { loadCollection, regroup } from './load-collection.ts';
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
  const doomed = partial === undefined ? [] : unfinishedFiles(collection, partial);
  if (settings.dryRun) {
    const without = (place: Deletion['place'], names: readonly string[]): string[] =>
      names.filter((name) => !doomed.some((file) => file.place === place && file.name === name));
    return regroup(session, without('remote', namesOf(collection.remote)), without('local', archiveDir.list()));
  }
  for (const { place, name } of doomed) {
    if (place === 'remote') await backend.delete(name, call);
    else archiveDir.remove(name);
  }
  dropStaleParts(archiveDir, staleParts);
  return loadCollection(session);
}

/**
 * What there is of an unfinished set. Signatures that have arrived already fit the chain and would end it: the next
 * increment could not be made. The unfinished manifest, which makes the set known as unfinished, comes last.
 */
export function unfinishedFiles(collection: Collection, set: BackupSet): readonly Deletion[] {
  const key = setKey(set);
  const isSignature = (file: ListedFile): boolean => file.kind === 'signatures' && setKey(file) === key;
  const remote = [...volumeNames(set), ...namesOf(collection.remote.filter(isSignature))];
  const local = namesOf(collection.local.filter(isSignature));
  if (set.partialManifest !== undefined) local.push(set.partialManifest);
  return [
    ...remote.map((name): Deletion => ({ place: 'remote', name })),
    ...local.map((name): Deletion => ({ place: 'local', name })),
  ];
}

function namesOf(files: readonly ListedFile[]): string[] {
  return files.map(({ name }) => name);
}
