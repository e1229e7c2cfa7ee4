import type { EpochSeconds } from '../../util/time.ts';
import type { Collection } from '../collection.ts';
import type { Deletion } from '../deletion.ts';
import { bytesBySet, sumOfKnown } from '../set-bytes.ts';
import { idOf, type SetId } from '../sets.ts';
import { filesBySet } from './files-of-set.ts';
import type { Fate, PrunePlan } from './plan.ts';

/** A backup set and what becomes of it. */
export interface PrunedSet extends SetId {
  readonly volumes: number;
  /** Stored of it on the remote; undefined where the store does not list the size of each file. */
  readonly bytes: number | undefined;
  readonly fate: Fate;
  /** When a set that stays would go, if backups go on as they have lately; undefined: not in sight. */
  readonly until: EpochSeconds | undefined;
  /** What is deleted of it, in this order. Empty for a set that stays. */
  readonly files: readonly Deletion[];
}

/** Which sets a policy keeps. */
export interface PruneReport {
  /** All that are there, by time. */
  readonly sets: readonly PrunedSet[];
  /** Those that go, in order of deletion. */
  readonly removed: readonly SetId[];
  /** What is stored of those; undefined where the store does not list the size of each file. */
  readonly freed: number | undefined;
  /** Increments that are to become one, the last of which is wanted. */
  readonly merged: readonly (readonly SetId[])[];
}

/** The plan as it is told. `sizeOf`: bytes of a remote file, as far as it is listed with them. */
export function reportOf(
  collection: Collection,
  plan: PrunePlan,
  sizeOf: (name: string) => number | undefined,
): PruneReport {
  const filesOf = filesBySet(collection);
  const bytesOf = bytesBySet(collection, sizeOf);
  const sets = plan.sets.map(({ set, fate, until }) => ({
    ...idOf(set),
    volumes: set.volumes.size,
    bytes: bytesOf(set),
    fate,
    until,
    files: fate.kind === 'removed' ? filesOf(set) : [],
  }));
  const merged = plan.mergeable.map((run) => run.map(idOf));
  return { sets, removed: plan.removed.map(idOf), freed: sumOfKnown(plan.removed.map(bytesOf)), merged };
}
