import { isNotThere } from '../backends/failures/not-there.ts';
import { redact } from '../backends/url/url.ts';
import { buildCollection, type Collection } from '../collections/collection.ts';
import { collectionWarnings, lateSets } from '../collections/warnings.ts';
import { BackendError } from '../errors/errors.ts';
import { asctime, type EpochSeconds } from '../util/time.ts';
import { listRemote } from './list-remote.ts';
import type { Repository } from './repository.ts';

/**
 * Lists the remote and the archive dir and puts the files in order. A place that is not there holds nothing, and what there
 * is of it in the archive dir does not count: it may be back tomorrow.
 */
export async function loadCollection(repository: Repository): Promise<Collection> {
  try {
    return regroup(repository, await listRemote(repository));
  } catch (error) {
    if (repository.makesPlace || !isNotThere(error)) throw error;
    const { message } = error.cause instanceof BackendError ? error.cause : error;
    repository.emit({ kind: 'warning', text: `${redact(repository.url)} is not there. ${message}.` });
    return regroup(repository, [], []);
  }
}

/** The same for known listings. */
export function regroup(
  { archiveDir, prefixes, timeSeparator, now, remote: { unusable } }: Repository,
  remote: readonly string[],
  local: readonly string[] = archiveDir.list(),
): Collection {
  const naming = { prefixes, timeSeparator };
  return buildCollection({ remote, local, naming, unusable, now });
}

/**
 * The time of the state that is asked for. Now is after everything: what is dated after it by more than a minute is left
 * alone anyway (see `Collection`), and a clock before all sets is not believed.
 */
export function wantedTime({ now }: Repository, time: EpochSeconds = now): EpochSeconds {
  return time === now ? Infinity : time;
}

/** Says which state is taken, where that may not be the one of the last run. */
export function announceState({ emit }: Repository, collection: Collection, end: EpochSeconds): void {
  const { isClockDoubted, partial } = collection;
  const isOdd = isClockDoubted || partial !== undefined || lateSets(collection).length > 0;
  emit({ kind: isOdd ? 'notice' : 'info', text: `The backup taken is that of ${asctime(end)}.` });
}

export function emitWarnings({ emit }: Repository, collection: Collection): void {
  for (const warning of collectionWarnings(collection)) emit({ kind: 'collectionWarning', warning });
}
