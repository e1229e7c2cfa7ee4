import type { EpochSeconds } from '../../util/time.ts';
import { type BackupChain, setsOf } from '../chains.ts';
import { type Collection, isAhead } from '../collection.ts';
import { restorableSets } from '../restorable.ts';
import { type BackupSet, hasVolumes } from '../sets.ts';

/** Why a set stays that no rule is asked about. */
export type Held =
  /** It was interrupted, and the next backup goes on with it. */
  | 'partial'
  /** It is dated after now. */
  | 'ahead'
  /** Two increments have the same base, it or others of its chain: one of them may be of another host. */
  | 'beside'
  /** Files of it, or of a set that it builds on, are missing. */
  | 'damaged'
  /** It is no set any more, or belongs to no chain: `cleanup` is for that. */
  | 'incomplete'
  | 'orphaned';

/** Sets that follow one another: chain after chain, none of which begins before the one before has ended. */
export interface Line {
  readonly chains: readonly BackupChain[];
  /** Those that can be restored, by time: what rules choose from. */
  readonly sets: readonly BackupSet[];
}

/**
 * The lines of a place, for each of which the rules count on their own. There is one, unless chains overlap: no host begins
 * a chain and goes on with an older one, so these are two hosts or sources, and neither is to lose its sets for the other.
 */
export function linesOf({ chains }: Collection): readonly Line[] {
  const lines: { end: EpochSeconds; chains: BackupChain[]; sets: BackupSet[] }[] = [];
  for (const chain of chains.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    const sets = soundSets(chain);
    if (sets.length === 0) continue;
    const free = lines.filter(({ end }) => end < chain.start).sort((a, b) => b.end - a.end)[0];
    const line = free ?? { end: 0, chains: [], sets: [] };
    if (free === undefined) lines.push(line);
    line.chains.push(chain);
    line.sets.push(...sets);
    line.end = chain.end;
  }
  return lines;
}

/** Sets that no rule is asked about, and why they stay. */
export function heldSets(collection: Collection): ReadonlyMap<BackupSet, Held> {
  const held = new Map<BackupSet, Held>();
  for (const set of collection.incomplete) held.set(set, 'incomplete');
  for (const set of collection.orphaned) held.set(set, set.isPartial ? 'partial' : 'orphaned');
  for (const chain of collection.chains) {
    const sound = new Set(soundSets(chain));
    for (const set of setsOf(chain)) {
      if (sound.has(set)) held.delete(set);
      else held.set(set, whyHeld(collection, chain, set));
    }
  }
  for (const chain of collection.ahead) for (const set of setsOf(chain)) held.set(set, 'ahead');
  return held;
}

function whyHeld(collection: Collection, { beside }: BackupChain, set: BackupSet): Held {
  if (set.isPartial) return 'partial';
  if (!beside.includes(set)) return 'damaged';
  return isAhead(collection, set) ? 'ahead' : 'beside';
}

/** Up to the first that lacks volumes, as far as names tell. */
function soundSets(chain: BackupChain): readonly BackupSet[] {
  const sets = restorableSets(chain);
  const cut = sets.findIndex((set) => !hasVolumes(set));
  return cut < 0 ? sets : sets.slice(0, cut);
}
