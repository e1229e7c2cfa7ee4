import type { EpochSeconds } from '../../util/time.ts';
import { setsOf } from '../chains.ts';
import { allSets, type Collection } from '../collection.ts';
import { byTime, type ListedFile, setKey } from '../listing.ts';
import { setsFor } from '../lookup.ts';
import { type BackupSet, idOf, type SetId } from '../sets.ts';

/** Increments that become one. */
export interface SquashPlan {
  /** The one. */
  readonly merged: SetId;
  /** Those that it takes the place of, oldest first. One: it is that already. */
  readonly sets: readonly BackupSet[];
  /** What there is of it, finished or not, while those it takes the place of are there. */
  readonly written: BackupSet | undefined;
  /** Of which something is left though an increment has taken their place, such as an earlier, interrupted one. */
  readonly leftovers: readonly SetId[];
}

/** Why increments cannot become one. */
export type SquashObstacle =
  /** Nothing there can be restored. */
  | { readonly kind: 'nothing' }
  /** No backup is as old as this. */
  | { readonly kind: 'early'; readonly time: EpochSeconds; readonly oldest: EpochSeconds }
  /** Both times stand for the same set. */
  | { readonly kind: 'same'; readonly at: EpochSeconds }
  /** The state of `to` does not build on that of `from`. */
  | { readonly kind: 'apart'; readonly from: EpochSeconds; readonly to: EpochSeconds }
  /** Another set builds on one that would go. */
  | { readonly kind: 'builtUpon'; readonly set: EpochSeconds; readonly on: EpochSeconds };

/** What becomes one: the increments after the state of `from`, up to that of `to`. Each is that of the newest set up to then. */
export function planSquash(
  collection: Collection,
  { from, to }: SquashRange,
): SquashPlan | { readonly obstacle: SquashObstacle } {
  const way = setsFor(collection, to);
  const base = setsFor(collection, from).at(-1);
  const last = way.at(-1);
  if (base === undefined || last === undefined) return { obstacle: { kind: 'nothing' } };
  const early = [
    { time: from, oldest: base.end },
    { time: to, oldest: last.end },
  ].find(({ time, oldest }) => oldest > time);
  if (early !== undefined) return { obstacle: { kind: 'early', ...early } };
  if (base === last) return { obstacle: { kind: 'same', at: last.end } };
  const place = way.indexOf(base);
  if (place < 0) return { obstacle: { kind: 'apart', from: base.end, to: last.end } };
  const sets = way.slice(place + 1);
  const upon = buildsUpon(collection, sets);
  if (upon !== undefined) return { obstacle: { kind: 'builtUpon', set: upon.end, on: upon.start } };
  return planOf(collection, sets, { type: 'inc', start: base.end, end: last.end });
}

/** Increments that become one: those after the state of one time, up to that of another. */
export interface SquashRange {
  readonly from: EpochSeconds;
  readonly to: EpochSeconds;
}

/**
 * What becomes one of runs of increments that nobody wants apart, and what an interrupted squash has left. Runs that others
 * build on stay.
 */
export function rangesOf(collection: Collection, runs: readonly (readonly BackupSet[])[]): readonly SquashRange[] {
  const ranges = runs.map(rangeOf).filter((range) => !('obstacle' in planSquash(collection, range)));
  const isWithin = (set: BackupSet): boolean => ranges.some(({ from, to }) => set.start >= from && set.end <= to);
  const done = collection.chains
    .flatMap(({ incs }) => incs)
    .filter((set) => !set.isPartial && !isWithin(set) && leftBehind(collection, set).length > 0);
  return [...ranges, ...done.map((set) => rangeOf([set]))];
}

/** From the state before the first to that of the last. */
function rangeOf(sets: readonly BackupSet[]): SquashRange {
  return { from: sets[0]?.start ?? 0, to: sets.at(-1)?.end ?? 0 };
}

function planOf(collection: Collection, sets: readonly BackupSet[], merged: SetId): SquashPlan {
  const key = setKey(merged);
  return {
    merged,
    sets,
    written: sets.length === 1 ? undefined : allSets(collection).find((set) => setKey(set) === key),
    leftovers: leftBehind(collection, merged),
  };
}

/** Sets of which something is left inside of the time of an increment that has taken their place: nothing builds on them. */
export function leftBehind(collection: Collection, merged: SetId): readonly SetId[] {
  const chains = [...collection.chains, ...collection.ahead];
  const unfinished = allSets(collection).filter(({ isPartial }) => isPartial);
  const stays = new Set([merged, ...chains.flatMap(setsOf), ...unfinished].map(setKey));
  const left = new Map<string, SetId>();
  for (const file of [...collection.remote, ...collection.local]) {
    const isWithin = file.type === 'inc' && file.start >= merged.start && file.end <= merged.end;
    if (isWithin && !isPartial(file) && !stays.has(setKey(file))) left.set(setKey(file), idOf(file));
  }
  return [...left.values()].sort(byTime);
}

function isPartial(file: ListedFile): boolean {
  return file.kind !== 'volume' && file.partial;
}

/** A finished set that builds on the state between two of these. */
function buildsUpon(collection: Collection, sets: readonly BackupSet[]): BackupSet | undefined {
  const between = new Set(sets.slice(0, -1).map(({ end }) => end));
  const merged = new Set(sets);
  const chain = [...collection.chains, ...collection.ahead].find((one) =>
    sets.some((set) => setsOf(one).includes(set)),
  );
  if (chain === undefined) return undefined;
  return setsOf(chain).find((set) => !merged.has(set) && !set.isPartial && between.has(set.start));
}
