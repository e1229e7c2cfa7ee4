import { planSquash, type SquashPlan, type SquashRange } from '../../collections/squash/plan-squash.ts';
import type { Collection } from '../../collections/collection.ts';
import { idOf, type SetId } from '../../collections/sets.ts';
import { checkResources } from '../../repository/preflight/resources.ts';
import { emitWarnings, loadCollection } from '../../repository/load-collection.ts';
import { lockArchive } from '../../repository/lock.ts';
import type { Repository } from '../../repository/repository.ts';
import { announceLastFull, synchronise } from '../../repository/synchronise.ts';
import { neededBySquash, replaceSets } from './replace-sets.ts';
import { bytesOf, estimateMerged } from './sizes.ts';
import { refusal } from './refusal.ts';

/** How what is written is packed. */
export interface SquashRules {
  /** Bytes of a volume. */
  readonly volumeSize: number;
  /** Volumes on their way while the next is written; 0 uploads in line. undefined: a few, as long as there is room. */
  readonly concurrency: number | undefined;
  /** Whether the manifest lists the files that have changed. */
  readonly listsFiles: boolean;
  /** The key that all that is read must be signed with: what is written is signed with it. */
  readonly signer: string | undefined;
}

/** Of both times the newest state up to it is meant; both states stay. */
export interface SquashOptions extends SquashRules, SquashRange {
  /** Without it the plan is made, and nothing is written or deleted. */
  readonly force: boolean;
}

/** Increments that became one, or would. */
export interface SquashResult {
  /** The one. */
  readonly set: SetId;
  /** Those that it takes the place of, oldest first; none where there is nothing between the two states. */
  readonly squashed: readonly SetId[];
  /** Of which something had been left by an earlier squash that was interrupted. */
  readonly leftovers: readonly SetId[];
  /** Stored of those, signatures and manifests included; undefined where the store does not list all sizes. */
  readonly bytesBefore: number | undefined;
  /** Stored of the one; as long as it is not there an estimate, undefined where there is nothing to make one of. */
  readonly bytesAfter: number | undefined;
  /** It is there, and those are gone. */
  readonly isDone: boolean;
}

/**
 * Makes one increment of several that follow one another, as if those between had never run. Needs the key that reads them,
 * and no source.
 */
export async function squash(repository: Repository, options: SquashOptions): Promise<SquashResult> {
  using lock = await lockArchive(repository);
  void lock;
  const tell = (collection: Collection): void => {
    emitWarnings(repository, collection);
    announceLastFull(repository, collection);
  };
  if (options.force && !repository.dryRun) return squashRange(repository, options, tell);
  const collection = await loadCollection(repository);
  tell(collection);
  return describeRange(repository, collection, options);
}

/** What a squash would do. */
export async function describeRange(
  repository: Repository,
  collection: Collection,
  { from, to }: SquashRange,
): Promise<SquashResult> {
  const plan = planned(collection, { from, to });
  return {
    ...told(repository, collection, plan),
    bytesAfter: await estimateMerged(repository, collection, plan),
    isDone: false,
  };
}

/** The same as `squash`, for whoever holds the lock. `tell` hears what there is before. */
export async function squashRange(
  repository: Repository,
  options: SquashRange & SquashRules,
  tell: (collection: Collection) => void,
): Promise<SquashResult> {
  const { from, to } = options;
  checkResources(repository, options);
  const needs = (found: Collection): readonly string[] => neededBySquash(found, planSquash(found, { from, to }));
  const collection = await synchronise(repository, { needs });
  tell(collection);
  const plan = planned(collection, { from, to });
  const after = await replaceSets(repository, { collection, plan, rules: options });
  return {
    ...told(repository, collection, plan),
    bytesAfter: bytesOf(repository, after, [plan.merged]),
    isDone: true,
  };
}

function planned(collection: Collection, range: SquashRange): SquashPlan {
  const plan = planSquash(collection, range);
  if ('obstacle' in plan) throw refusal(plan.obstacle);
  return plan;
}

function told(
  repository: Repository,
  collection: Collection,
  { merged, sets, leftovers }: SquashPlan,
): Omit<SquashResult, 'bytesAfter' | 'isDone'> {
  const squashed = sets.length > 1 ? sets.map(idOf) : [];
  return { set: merged, squashed, leftovers, bytesBefore: bytesOf(repository, collection, sets) };
}
