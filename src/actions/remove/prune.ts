import { filesBySet } from '../../collections/prune/files-of-set.ts';
import { planPrune } from '../../collections/prune/plan.ts';
import { keepsSomething, type Policy } from '../../collections/prune/policy.ts';
import { type PruneReport, reportOf } from '../../collections/prune/report.ts';
import { UsageError } from '../../errors/errors.ts';
import { emitWarnings, loadCollection } from '../../repository/load-collection.ts';
import { lockArchive } from '../../repository/lock.ts';
import type { Repository } from '../../repository/repository.ts';
import { announceLastFull } from '../../repository/synchronise.ts';
import { deleteFiles } from './delete-files.ts';

export interface PruneOptions {
  readonly policy: Policy;
  /** Without it the plan is made, and nothing deleted. */
  readonly force: boolean;
}

/** Which sets a policy keeps, and whether the others are gone. */
export interface PruneResult extends PruneReport {
  readonly isRemoved: boolean;
}

/** Finds, and with `force` deletes, the sets that a policy does not keep. Needs neither key nor source. */
export async function prune(repository: Repository, { policy, force }: PruneOptions): Promise<PruneResult> {
  if (!keepsSomething(policy)) throw noPolicy();
  const { emit, dryRun, remote } = repository;
  using lock = await lockArchive(repository);
  void lock;
  const collection = await loadCollection(repository);
  emitWarnings(repository, collection);
  announceLastFull(repository, collection);
  const plan = planPrune(collection, policy);
  const report = reportOf(collection, plan, remote.listedSizeOf);
  emit({ kind: 'pruning', report });
  const isRemoved = force && !dryRun && plan.removed.length > 0;
  if (isRemoved) await deleteFiles(repository, plan.removed.flatMap(filesBySet(collection)));
  return { ...report, isRemoved };
}

function noPolicy(): UsageError {
  return new UsageError('COMMAND_LINE', 'prune needs a rule that keeps something.', {
    hint: 'For example --keep-daily 7 --keep-weekly 4 --keep-monthly 12',
  });
}
