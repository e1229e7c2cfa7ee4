import type { Collection } from '../../collections/collection.ts';
import {
  planRemoveAllButNFull,
  planRemoveIncsOfAllButNFull,
  planRemoveOlderThan,
  type RemovalPlan,
} from '../../collections/deletion.ts';
import { BackendError } from '../../errors/errors.ts';
import { examine } from '../../repository/examine.ts';
import type { Repository } from '../../repository/repository.ts';
import type { EpochSeconds } from '../../util/time.ts';
import { deleteFiles } from './delete-files.ts';

/** What is too old to be kept. The newest chain never is. */
export type TooOld =
  /** Chains that ended before a time. A time after now: what is dated after now, and nothing else. */
  | { readonly kind: 'olderThan'; readonly time: EpochSeconds }
  /** Chains, or only their increments, that ended before the newest `count` fulls. */
  | { readonly kind: 'allButNFull' | 'incsOfAllButNFull'; readonly count: number };

export interface RemoveOptions {
  readonly what: TooOld;
  /** Without it the plan is made, and nothing deleted. */
  readonly force: boolean;
}

/** What is too old, and whether it is gone. */
export interface RemoveResult {
  /** Without times when nothing is old enough. */
  readonly plan: RemovalPlan;
  /** The files of the plan are gone. */
  readonly isRemoved: boolean;
}

/** Finds, and with `force` deletes, what is too old. Needs neither key nor source. */
export function removeOld(repository: Repository, options: RemoveOptions): Promise<RemoveResult> {
  return examine(repository, (collection) => removeIn(repository, collection, options));
}

async function removeIn(
  repository: Repository,
  collection: Collection,
  { what, force }: RemoveOptions,
): Promise<RemoveResult> {
  const { emit, dryRun } = repository;
  const plan = planOf(collection, what);
  if (plan.keptSets.length > 0) emit({ kind: 'oldSetsKept', times: plan.keptSets });
  if (plan.keepsOldNewest) emit({ kind: 'newestChainKept' });
  if (plan.times.length === 0 || !force) return { plan, isRemoved: false };
  emit({ kind: 'removing', times: plan.times });
  let failure: BackendError | undefined;
  for (const { kind, scope, end, files } of plan.steps) {
    emit({ kind: 'removingStep', part: kind, scope, end });
    if (dryRun) continue;
    try {
      await deleteFiles(repository, files);
    } catch (error) {
      if (!(error instanceof BackendError)) throw error;
      failure ??= error;
    }
  }
  if (failure !== undefined) throw failure;
  return { plan, isRemoved: !dryRun };
}

function planOf(collection: Collection, what: TooOld): RemovalPlan {
  switch (what.kind) {
    case 'olderThan':
      return planRemoveOlderThan(collection, what.time);
    case 'allButNFull':
      return planRemoveAllButNFull(collection, what.count);
    case 'incsOfAllButNFull':
      return planRemoveIncsOfAllButNFull(collection, what.count);
  }
}
