import type { Collection } from '../collections/collection.ts';
import type { Deletion } from '../collections/deletion.ts';
import { setKey, type ListedFile } from '../collections/listing.ts';
import { unusableNames, volumeNames, type BackupSet } from '../collections/sets.ts';
import { dropStrayJournals } from '../cache/journal.ts';
import { dropStaleParts } from '../cache/partial.ts';
import { BackendError, CryptoError, IntegrityError } from '../errors/errors.ts';
import { fetchDecoded } from './metadata/fetch-decoded.ts';
import { loadCollection, regroup } from './load-collection.ts';
import type { Repository } from './repository.ts';
import { counted } from '../util/counted.ts';

/** What an interrupted backup left is given up: its volumes go, then the unfinished metadata. */
export async function discardPartial(repository: Repository, collection: Collection): Promise<Collection> {
  const { backend, archiveDir, call, dryRun, emit } = repository;
  const { partial, staleParts } = collection;
  if (partial === undefined && staleParts.length === 0) return collection;
  const doomed = partial === undefined ? [] : unfinishedFiles(collection, partial);
  if (dryRun) return withoutFiles(repository, collection, doomed);
  const kept: string[] = [];
  for (const { place, name } of doomed) {
    if (place === 'local') archiveDir.remove(name);
    else await backend.delete(name, call).catch((error: unknown) => keep(error, name));
  }
  if (kept.length > 0) {
    const text =
      `${counted(kept.length, 'file')} of the interrupted backup cannot be deleted by this account, such as ${kept[0]}: ` +
      'they stay until another one runs "cleanup --force".';
    emit({ kind: 'warning', text });
  }
  dropStaleParts(archiveDir, staleParts);
  dropStrayJournals(archiveDir);
  return loadCollection(repository);

  /** Without its unfinished manifest it is known as incomplete: nothing builds on it. */
  function keep(error: unknown, name: string): void {
    if (!isRefused(error)) throw error;
    kept.push(name);
  }
}

/** The account may not do that, here and now: as in places that only let files be added. */
export function isRefused(error: unknown): error is BackendError {
  return error instanceof BackendError && error.code === 'BACKEND_PERMISSION_DENIED';
}

/** What there would be without some files. */
export function withoutFiles(repository: Repository, collection: Collection, files: readonly Deletion[]): Collection {
  const without = (place: Deletion['place'], names: readonly string[]): string[] => {
    const gone = new Set(files.flatMap((file) => (file.place === place ? [file.name] : [])));
    return names.filter((name) => !gone.has(name));
  };
  return regroup(
    repository,
    without('remote', namesOf(collection.remote)),
    without('local', repository.archiveDir.list()),
  );
}

/**
 * What there is of an unfinished set. Signatures that have arrived already fit the chain and would end it: the next
 * increment could not be made. The unfinished manifest, which makes the set known as unfinished, comes last.
 */
export function unfinishedFiles(collection: Collection, set: BackupSet): readonly Deletion[] {
  const key = setKey(set);
  const isSignature = (file: ListedFile): boolean => file.kind === 'signatures' && setKey(file) === key;
  const remote = new Set([
    ...volumeNames(set),
    ...unusableNames(set),
    ...namesOf(collection.remote.filter(isSignature)),
  ]);
  const local = namesOf(collection.local.filter(isSignature));
  if (set.partialManifest !== undefined) local.push(set.partialManifest);
  return [
    ...[...remote].map((name): Deletion => ({ place: 'remote', name })),
    ...local.map((name): Deletion => ({ place: 'local', name })),
  ];
}

function namesOf(files: readonly ListedFile[]): string[] {
  return files.map(({ name }) => name);
}

/**
 * A run that dies while its manifest is uploaded can leave a cut one, if the storage shows files before they are whole.
 * The finished copy is still in the archive dir then, under its unfinished name, and begins like it. The set is not
 * complete: without the cut manifest it is known as unfinished again.
 */
export async function dropCutManifests(repository: Repository, collection: Collection): Promise<Collection> {
  const { archiveDir, backend, call, emit, keys } = repository;
  const { unusable } = repository.remote;
  let dropped = false;
  for (const part of collection.local) {
    if (part.kind !== 'manifest' || !part.partial || !collection.staleParts.includes(part.name)) continue;
    const remote = collection.remote.find((file) => file.kind === 'manifest' && setKey(file) === setKey(part));
    if (remote === undefined || !keys.canRead(remote.name)) continue;
    if (!(await isCut(repository, remote.name, archiveDir.read(part.name)))) continue;
    emit({ kind: 'warning', text: `${remote.name} was cut off when it was uploaded: its backup is not complete.` });
    await backend.delete(remote.name, call).catch((error: unknown) => {
      if (!isRefused(error)) throw error;
      unusable.add(remote.name);
    });
    dropped = true;
  }
  return dropped ? loadCollection(repository) : collection;
}

async function isCut(repository: Repository, name: string, whole: Buffer): Promise<boolean> {
  let at = 0;
  try {
    for await (const block of fetchDecoded(repository, name, { signal: repository.call.signal })) {
      if (!block.equals(whole.subarray(at, at + block.length))) return false;
      at += block.length;
    }
  } catch (error) {
    // What is damaged is not whole. A key that is missing says nothing.
    if (error instanceof IntegrityError) return true;
    if (error instanceof CryptoError) return false;
    throw error;
  }
  return at < whole.length;
}
