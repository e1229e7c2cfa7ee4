import { planSquash, type SquashPlan } from '../../collections/squash/plan-squash.ts';
import type { Collection } from '../../collections/collection.ts';
import { idOf, type SetId } from '../../collections/sets.ts';
import { checkResources } from '../../repository/check-resources.ts';
import { emitWarnings, loadCollection } from '../../repository/load-collection.ts';
import { lockArchive } from '../../repository/lock.ts';
import type { Repository } from '../../repository/repository.ts';
import { announceLastFull, synchronise } from '../../repository/synchronise.ts';
import type { EpochSeconds } from '../../util/time.ts';
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

export interface SquashOptions extends SquashRules {
  /** The state that stays before; the newest one up to this. */
  readonly from: EpochSeconds;
  /** The state that stays behind, likewise. */
  readonly to: EpochSeconds;
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
  const { from, to, force } = options;
  const works = force && !repository.dryRun;
  if (works) checkResources(repository, options);
  const planIn = (collection: Collection): ReturnType<typeof planSquash> => planSquash(collection, from, to);
  const collection = works
    ? await synchronise(repository, { needs: (found) => neededBySquash(found, planIn(found)) })
    : await loadCollection(repository);
  emitWarnings(repository, collection);
  announceLastFull(repository, collection);
  const plan = planIn(collection);
  if ('obstacle' in plan) throw refusal(plan.obstacle);
  return works ? carryOut(repository, { collection, plan, rules: options }) : describe(repository, collection, plan);
}

/** What a squash would do. */
async function describe(repository: Repository, collection: Collection, plan: SquashPlan): Promise<SquashResult> {
  const squashed = plan.sets.length > 1 ? plan.sets : [];
  return {
    set: plan.merged,
    squashed: squashed.map(idOf),
    leftovers: plan.leftovers,
    bytesBefore: bytesOf(repository, collection, plan.sets),
    bytesAfter: await estimateMerged(repository, collection, plan),
    isDone: false,
  };
}

async function carryOut(
  repository: Repository,
  {
    collection,
    plan,
    rules,
  }: { readonly collection: Collection; readonly plan: SquashPlan; readonly rules: SquashRules },
): Promise<SquashResult> {
  const squashed = plan.sets.length > 1 ? plan.sets : [];
  const after = await replaceSets(repository, { collection, plan, rules });
  return {
    set: plan.merged,
    squashed: squashed.map(idOf),
    leftovers: plan.leftovers,
    bytesBefore: bytesOf(repository, collection, plan.sets),
    bytesAfter: bytesOf(repository, after, [plan.merged]),
    isDone: true,
  };
}
