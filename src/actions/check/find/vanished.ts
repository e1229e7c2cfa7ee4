import { allSets, type Collection } from '../../../collections/collection.ts';
import { setKey } from '../../../collections/listing.ts';
import type { SetId } from '../../../collections/sets.ts';
import { placeOf } from '../../../repository/ledger/history.ts';
import type { Repository } from '../../../repository/repository.ts';
import type { Memory } from '../memory.ts';
import { damageWith } from '../remedies.ts';
import type { Damage } from '../report.ts';
import { nameOfLostSet } from './names.ts';

/**
 * Sets that were made here, or of which the archive dir has the manifest, and of which no file is there: the store is as
 * it was before. Of those that only the archive dir knows, the ones count that are newer than all that is there: old ones
 * are removed by other machines, too.
 */
export function vanishedSets({ prefixes }: Repository, collection: Collection, memory: Memory): readonly Damage[] {
  const there = new Set([...allSets(collection)].map(setKey));
  const newest = Math.max(-Infinity, ...allSets(collection).map(({ end }) => end));
  const lost = new Map<string, SetId>();
  const { history } = memory;
  const place = placeOf(history, allSets(collection)) ?? history.lastPlace ?? '';
  for (const { key, id, state, isOurs, place: at } of history.sets) {
    if (state === 'alive' && isOurs && at === place && !there.has(key)) lost.set(key, id);
  }
  for (const file of collection.local) {
    const isManifest = file.kind === 'manifest' && !file.partial;
    if (isManifest && file.end > newest && !there.has(setKey(file))) lost.set(setKey(file), file);
  }
  return [...lost.values()].map(({ type, start, end }) =>
    damageWith({
      kind: 'missing',
      part: 'set',
      place: 'remote',
      file: nameOfLostSet({ type, start, end }, prefixes),
      set: { type, start, end },
      reason: 'It was finished here, this machine has not removed it, and nothing of it is there.',
      lost: undefined,
    }),
  );
}
