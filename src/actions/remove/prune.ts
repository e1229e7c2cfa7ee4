import type { Collection } from '../../collections/collection.ts';
import { filesBySet } from '../../collections/prune/files-of-set.ts';
import { planPrune } from '../../collections/prune/plan.ts';
import { keepsSomething, type Policy } from '../../collections/prune/policy.ts';
import { type PruneReport, reportOf } from '../../collections/prune/report.ts';
import { rangesOf } from '../../collections/squash/plan-squash.ts';
import { UsageError } from '../../errors/errors.ts';
import { examine } from '../../repository/examine.ts';
import type { Repository } from '../../repository/repository.ts';
import { describeRange, squashRange, type SquashResult, type SquashRules } from '../squash/squash.ts';
import { deleteFiles } from './delete-files.ts';

export interface PruneOptions {
  readonly policy: Policy;
  /** Without it the plan is made, and nothing deleted. */
  readonly force: boolean;
  /** Increments that nobody wants apart become one, packed so. Needs the key that reads them. */
  readonly squash?: SquashRules | undefined;
}

/** Which sets a policy keeps, and whether the others are gone. */
export interface PruneResult extends PruneReport {
  readonly isRemoved: boolean;
  /** Increments that became one, or would; none unless asked for. */
  readonly squashes: readonly SquashResult[];
}

/** Finds, and with `force` deletes, the sets that a policy does not keep. Needs no source, and a key only to squash. */
export async function prune(repository: Repository, options: PruneOptions): Promise<PruneResult> {
  if (!keepsSomething(options.policy)) throw noPolicy();
  return examine(repository, (collection) => pruneIn(repository, collection, options));
}

async function pruneIn(
  repository: Repository,
  collection: Collection,
  { policy, force, squash }: PruneOptions,
): Promise<PruneResult> {
  const { emit, dryRun, remote } = repository;
  const plan = planPrune(collection, policy);
  const ranges = squash === undefined ? [] : rangesOf(collection, plan.mergeable);
  const merged = plan.mergeable.filter((run) => ranges.some(({ to }) => run.at(-1)?.end === to));
  const report = reportOf(collection, { ...plan, mergeable: merged }, remote.listedSizeOf);
  emit({ kind: 'pruning', report });
  const works = force && !dryRun;
  const isRemoved = works && plan.removed.length > 0;
  if (isRemoved) await deleteFiles(repository, plan.removed.flatMap(filesBySet(collection)));
  const squashes: SquashResult[] = [];
  for (const range of ranges) {
    squashes.push(
      squash !== undefined && works
        ? await squashRange(repository, { ...range, ...squash }, () => undefined)
        : await describeRange(repository, collection, range),
    );
  }
  return { ...report, isRemoved, squashes };
}

function noPolicy(): UsageError {
  return new UsageError('COMMAND_LINE', 'prune needs a rule that keeps something.', {
    hint: 'For example --keep-daily 7 --keep-weekly 4 --keep-monthly 12',
  });
}
