import { setTimeout } from 'node:timers/promises';
import { isNameTime } from '../../archive/names/name-time.ts';
import { allSets, isAhead, type Collection } from '../../collections/collection.ts';
import { ChainError } from '../../errors/errors.ts';
import type { Repository } from '../../repository/repository.ts';
import { asctime, type EpochSeconds } from '../../util/time.ts';

/**
 * Names have a resolution of one second: of two sets in the same one, one would hide or overwrite the other. Nor may a set
 * be from before the newest one, which can be ahead by as much as clocks differ: it would not be taken for the newest.
 */
export async function timeOfSet({ now, emit, call }: Repository, collection: Collection): Promise<EpochSeconds> {
  const sets = allSets(collection);
  const taken = new Set(sets.map(({ end }) => end));
  const newest = collection.isClockDoubted
    ? 0
    : Math.max(0, ...sets.filter((set) => !isAhead(collection, set)).map(({ end }) => end));
  let time = Math.trunc(now);
  if (!isNameTime(time)) {
    const text = `The clock says ${time} seconds since 1970: no name of a file can tell that time.`;
    throw new ChainError('USER_ERROR', text, { hint: 'Set the clock right.' });
  }
  if (time < newest) {
    emit({ kind: 'notice', text: `The last backup set is from ${asctime(newest)}: waiting until that is over.` });
  }
  while (taken.has(time) || time < newest) {
    await setTimeout(1050 - (Date.now() % 1000));
    call.signal.throwIfAborted();
    time = Math.max(time, Math.trunc(Date.now() / 1000));
  }
  return time;
}
