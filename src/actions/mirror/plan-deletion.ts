import { buildCollection } from '../../collections/collection.ts';
import type { Deletion } from '../../collections/deletion.ts';
import { byTime } from '../../collections/listing.ts';
import { restorableSets } from '../../collections/restorable.ts';
import { hasVolumes, type SetId } from '../../collections/sets.ts';
import { ChainError } from '../../errors/errors.ts';
import type { Repository } from '../../repository/repository.ts';
import { asctime } from '../../util/time.ts';
import type { Place, StoredSet } from './place.ts';

/** Both places, before and after copying. */
export interface Places {
  readonly here: Place;
  readonly there: Place;
}

/** Sets that are only there, complete or not, the newest first. */
export function onlyThere({ here, there }: Places): readonly StoredSet[] {
  return [...there.sets.values()].filter(({ key }) => !here.sets.has(key)).toSorted((a, b) => byTime(b, a));
}

/** Sets there that are newer than all that is here: somebody has backed up to that place, or this one was set back. */
export function newerThere(sets: readonly SetId[], here: Place): readonly SetId[] {
  const complete = [...here.sets.values()].filter(({ manifests }) => manifests.length > 0);
  const newest = complete.reduce((last, { end }) => Math.max(last, end), -Infinity);
  return sets.filter(({ end }) => end > newest);
}

interface DeletionRules {
  /** As they were found, before anything was copied. */
  readonly before: Places;
  readonly after: Places;
  /** Names that would be there by now, in a dry run. */
  readonly coming: readonly string[];
  readonly force: boolean;
}

/**
 * Why sets that are only there must not be deleted, or undefined. With `force`
 * only the last chain is safe.
 */
export function forbidden(
  gone: readonly StoredSet[],
  { before, after, coming, force }: DeletionRules,
  { prefixes, timeSeparator }: Pick<Repository, 'prefixes' | 'timeSeparator'>,
): ChainError | undefined {
  if (gone.length === 0) return undefined;
  const newer = newerThere(gone, after.here);
  if (newer.length > 0 && !force) {
    return refused(
      `The other place has backup sets that are newer than all here: ${newer.map(({ end }) => asctime(end)).join(', ')}.`,
    );
  }
  const complete = [...before.there.sets.values()].filter(({ manifests }) => manifests.length > 0);
  if (complete.length > 0 && !complete.some(({ key }) => before.here.sets.has(key)) && !force) {
    return refused('None of the backup sets at the other place was here.');
  }
  const going = new Set(gone.flatMap(({ files, manifests }) => [...manifests, ...files].map(({ name }) => name)));
  const remote = [...after.there.names, ...coming].filter((name) => !going.has(name));
  const { chains, ahead } = buildCollection({ remote, local: [], naming: { prefixes, timeSeparator } });
  if ([...chains, ...ahead].some((chain) => hasVolumes(chain.full) && restorableSets(chain).length > 0))
    return undefined;
  return new ChainError(
    'USER_ERROR',
    'What is gone here is the last chain at the other place: nothing is deleted there.',
  );
}

function refused(reason: string): ChainError {
  return new ChainError('USER_ERROR', `${reason} Nothing is deleted there.`, {
    hint: 'Look at both places with "collection-status". If this one is right, add --force.',
  });
}

/** Newest first, manifests before what they stand for: what is left by a run that is killed counts as incomplete. */
export function filesToDelete(gone: readonly StoredSet[], there: Place): readonly Deletion[] {
  return gone.flatMap(({ files, manifests }) =>
    [...manifests, ...files.toReversed()]
      .flatMap(({ name }) => [name, ...there.companionsOf(name)])
      .map((name) => ({ place: 'remote', name }) as const),
  );
}
