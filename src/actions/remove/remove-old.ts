import type { Collection } from '../../collections/collection.ts';
import type { RemovalPlan, RemovalStep } from '../../collections/deletion.ts';
import { BackendError } from '../../errors/errors.ts';
import { asctime } from '../../util/time.ts';
import { deleteFiles } from './delete-files.ts';
import { emitWarnings, loadCollection } from '../../repository/load-collection.ts';
import { lockArchive } from '../../repository/lock.ts';
import type { Session } from '../session.ts';
import { announceLastFull } from '../../repository/synchronise.ts';

/** Lists, or with `--force` deletes, what `choose` finds too old. Needs neither key nor source. */
export async function removeOld(session: Session, choose: (collection: Collection) => RemovalPlan): Promise<number> {
  const { settings, emit } = session;
  using lock = await lockArchive(session);
  void lock;
  const collection = await loadCollection(session);
  emitWarnings(session, collection);
  announceLastFull(session, collection);
  const plan = choose(collection);
  warnOfKept(session, plan);
  if (plan.times.length === 0) {
    emit({ kind: 'notice', text: 'No old backup sets found, nothing deleted.' });
    return 0;
  }
  const plural = plan.times.length > 1 ? 's' : '';
  const times = plan.times.map(asctime).join('\n');
  if (!settings.force) {
    const again = 'Rerun command with --force option to actually delete.';
    emit({
      kind: 'notice',
      text: `Found old backup chain${plural} at the following time${plural}:\n${times}\n${again}`,
    });
    return 0;
  }
  emit({ kind: 'notice', text: `Deleting backup chain${plural} at time${plural}:\n${times}` });
  let failure: BackendError | undefined;
  for (const step of plan.steps) {
    emit({ kind: 'notice', text: `${describe(step)} ${asctime(step.end)}` });
    if (settings.dryRun) continue;
    try {
      await deleteFiles(session, step.files);
    } catch (error) {
      if (!(error instanceof BackendError)) throw error;
      failure ??= error;
    }
  }
  if (failure !== undefined) throw failure;
  return 0;
}

function describe({ kind, scope }: RemovalStep): string {
  if (scope === 'ahead') return kind === 'signatures' ? 'Deleting signatures' : 'Deleting backup set';
  const chain = kind === 'signatures' ? 'signature chain' : 'backup chain';
  return scope === 'complete' ? `Deleting complete ${chain}` : `Deleting any incremental ${chain} rooted at`;
}

function warnOfKept({ emit }: Session, { keptSets, keepsOldNewest }: RemovalPlan): void {
  if (keptSets.length > 0) {
    const times = keptSets.map(asctime).join('\n');
    emit({
      kind: 'warning',
      text: `There are backup set(s) at time(s):\n${times}\nWhich can't be deleted because newer sets depend on them.`,
    });
  }
  if (keepsOldNewest) {
    emit({ kind: 'warning', text: 'The newest backup chain is old enough, too, but it is not deleted: it is in use.' });
  }
}
