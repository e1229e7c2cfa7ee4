import { buildCollection, type Collection } from '../collections/collection.ts';
import { collectionWarnings, lateSets } from '../collections/warnings.ts';
import { asctime, type EpochSeconds } from '../util/time.ts';
import { listRemote } from './list-remote.ts';
import type { Session } from './session.ts';

/** Lists the remote and the archive dir and puts the files in order. */
export async function loadCollection(session: Session): Promise<Collection> {
  return regroup(session, await listRemote(session));
}

/** The same for known listings. */
export function regroup(
  { archiveDir, prefixes, settings, now, remote: { unusable } }: Session,
  remote: readonly string[],
  local: readonly string[] = archiveDir.list(),
): Collection {
  const naming = { prefixes, timeSeparator: settings.timeSeparator };
  return buildCollection({ remote, local, naming, unusable, now });
}

/**
 * The time of the state that is asked for. Now is after everything: what is dated after it by more than a minute is left
 * alone anyway (see `Collection`), and a clock before all sets is not believed.
 */
export function wantedTime({ settings, now }: Session): EpochSeconds {
  const { time = now } = settings;
  return time === now ? Infinity : time;
}

/** Says which state is taken, where that may not be the one of the last run. */
export function announceState({ emit }: Session, collection: Collection, end: EpochSeconds): void {
  const { isClockDoubted, partial } = collection;
  const isOdd = isClockDoubted || partial !== undefined || lateSets(collection).length > 0;
  emit({ kind: isOdd ? 'notice' : 'info', text: `The backup taken is that of ${asctime(end)}.` });
}

export function emitWarnings({ emit }: Session, collection: Collection): void {
  for (const { code, text } of collectionWarnings(collection)) emit({ kind: 'warning', code, text });
}
