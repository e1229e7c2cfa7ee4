import type { SetId } from '../../collections/sets.ts';
import type { EpochSeconds } from '../../util/time.ts';
import type { History, KnownSet } from './history.ts';

/** Something that is not there as it was left. */
export type Alarm =
  | { readonly kind: 'vanished' | 'back'; readonly set: KnownSet }
  | { readonly kind: 'changed'; readonly set: KnownSet; readonly file: string; readonly reason: string };

/** The metadata of a finished set that are there. */
export interface ListedSet {
  readonly id: SetId;
  readonly key: string;
  /** Bytes of manifests and signatures by name, as far as the listing tells them. */
  readonly files: ReadonlyMap<string, number | undefined>;
  readonly manifests: readonly string[];
}

/** Listings show for a while what was deleted. */
const LATE = 86_400;

interface Compared {
  readonly alarms: readonly Alarm[];
  /** Sets that are there and that the ledger does not count on yet. */
  readonly unknown: readonly ListedSet[];
}

interface Given {
  readonly place: string;
  readonly there: ReadonlyMap<string, ListedSet>;
  readonly now: EpochSeconds;
}

/** Holds what is there against what the ledger tells of the place. */
export function compareWithStore(history: History, { place, there, now }: Given): Compared {
  const alarms: Alarm[] = [];
  const unknown: ListedSet[] = [];
  for (const listed of there.values()) {
    const known = history.find(listed.key);
    if (known === undefined || known.state === 'begun' || known.state === 'forgotten') unknown.push(listed);
    else if (known.state === 'alive' && hasNewSizes(known, listed) && !isFresh(listed, now)) unknown.push(listed);
    else if (known.state === 'alive') alarms.push(...changesOf(known, listed));
    // A removal that came to nothing, or that the listing does not show yet.
    else if (now - known.at > LATE) {
      if (known.state === 'removing') unknown.push(listed);
      else alarms.push({ kind: 'back', set: known });
    }
  }
  const newest = Math.max(-Infinity, ...[...there.values()].map(({ id }) => id.end));
  for (const set of history.sets) {
    const isWanted = set.state === 'alive' && set.place === place && !there.has(set.key);
    // Whoever else works there removes old sets of its own, never the newest.
    if (isWanted && (set.isOurs || set.id.end > newest)) alarms.push({ kind: 'vanished', set });
  }
  return { alarms, unknown };
}

/**
 * Whether whoever makes the set may still be at it: some programs and stores show a manifest before it is whole, and one that
 * was cut off is written again in the next night.
 */
export function isFresh({ id }: ListedSet, now: EpochSeconds): boolean {
  return now - id.end < 2 * LATE;
}

function hasNewSizes(known: KnownSet, listed: ListedSet): boolean {
  if (known.isOurs || [...known.files.values()].some(({ size }) => size !== undefined)) return false;
  return [...listed.files.values()].some((size) => size !== undefined);
}

function changesOf(set: KnownSet, { files, manifests }: ListedSet): readonly Alarm[] {
  const alarms: Alarm[] = [];
  const changed = (file: string, reason: string): void => void alarms.push({ kind: 'changed', set, file, reason });
  for (const [file, size] of files) {
    const known = set.files.get(file);
    if (known?.size === undefined || size === undefined || known.size === size) continue;
    changed(file, `it has ${size} bytes, and had ${known.size}`);
  }
  const [first] = manifests;
  const isAnother = set.files.size > 0 && manifests.every((name) => !set.files.has(name));
  if (first !== undefined && isAnother && knowsManifest(set)) changed(first, 'it had another name');
  return alarms;
}

function knowsManifest({ files }: KnownSet): boolean {
  return [...files.keys()].some((name) => /\.manifest(?:\.\w+)?$|\.m(?:\.\w+)?$/.test(name));
}
