import type { Collection } from '../collections/collection.ts';
import { emitWarnings, loadCollection } from './load-collection.ts';
import { watchStore } from './ledger/watch.ts';
import { lockArchive } from './lock.ts';
import type { Repository } from './repository.ts';
import { announceLastFull } from './synchronise.ts';

/** Gives what names tell of a place to look at, or to act on, while no other run changes the archive dir. Needs no key. */
export async function examine<T>(repository: Repository, look: (collection: Collection) => T | Promise<T>): Promise<T> {
  using lock = await lockArchive(repository);
  void lock;
  const collection = await loadCollection(repository);
  if (collection.remote.length > 0 || collection.local.length > 0) await watchStore(repository, collection);
  emitWarnings(repository, collection);
  announceLastFull(repository, collection);
  return await look(collection);
}
