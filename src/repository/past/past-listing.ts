import { signaturesFor, type SignaturesAt } from '../../collections/lookup.ts';
import { neededByList } from '../../collections/needs.ts';
import { ChainError } from '../../errors/errors.ts';
import { asctime, type EpochSeconds } from '../../util/time.ts';
import { announceState, emitWarnings, wantedTime } from '../load-collection.ts';
import type { Repository } from '../repository.ts';
import { announceLastFull, synchronise } from '../synchronise.ts';

/** Brings the signatures that tell the state of a time, by default the newest, to the archive dir. */
export async function findPastListing(
  repository: Repository,
  wantedAt: EpochSeconds | undefined,
): Promise<SignaturesAt> {
  const { emit } = repository;
  const time = wantedTime(repository, wantedAt);
  const collection = await synchronise(repository, { needs: neededByList(time), time });
  emitWarnings(repository, collection);
  announceLastFull(repository, collection);
  const found = signaturesFor(collection, time);
  if (found === undefined) {
    throw new ChainError('EXCEPTION', 'No signature chains found', {
      exception: 'CollectionsError',
      hint: 'Check the URL and the --file-prefix options: nothing there is a complete backup.',
    });
  }
  const { end, wanted } = found;
  if (end > time) {
    const text = `No backup is older than ${asctime(time)}: listing the oldest one, of ${asctime(end)}.`;
    emit({ kind: 'warning', code: 'timeBeforeFirst', time, text });
  }
  if (end !== wanted) {
    const text = `The signatures of the backup of ${asctime(wanted)} are not there: listing that of ${asctime(end)}.`;
    emit({ kind: 'warning', text });
  }
  announceState(repository, collection, end);
  return found;
}
