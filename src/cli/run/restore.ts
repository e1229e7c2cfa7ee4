import { restore, type RestoreOptions } from '../../actions/restore/restore.ts';
import { IntegrityError } from '../../errors/errors.ts';
import { refuseWarnings } from '../../events/strict.ts';
import type { Repository } from '../../repository/repository.ts';
import { plannedRestoreText } from '../../ui/results/planned-restore.ts';
import { report } from '../../ui/results/report.ts';
import { isAllWhole, notWholeText, salvageLines } from '../../ui/results/salvage-text.ts';
import type { BytePath } from '../../util/bytepath.ts';
import type { Settings } from '../settings.ts';

interface RestoreRequest {
  readonly target: BytePath;
}

export function runRestore(repository: Repository, settings: Settings, { target }: RestoreRequest): Promise<number> {
  const { time, pathToRestore: paths, rename: renames, force, ignoreErrors, signKey: signer } = settings;
  const options: RestoreOptions = {
    target,
    time,
    paths,
    renames,
    force,
    ignoreErrors,
    signer,
    owners: owners(settings),
  };
  return refuseWarnings(repository, settings, async (strict) => {
    if (settings.salvage && !strict.dryRun) return runSalvage(strict, options);
    const result = await restore(strict, options);
    if (result.kind === 'planned') strict.emit({ kind: 'forced', text: plannedRestoreText(result) });
    report(strict.emit, 'restore', result);
    return 0;
  });
}

/** What is not whole is a failure of its own: who reads nothing but errors is to hear of it. */
async function runSalvage(repository: Repository, options: RestoreOptions): Promise<number> {
  const { emit } = repository;
  const { salvage } = await import('../../actions/restore/salvage/salvage.ts');
  const { salvage: salvaged, ...result } = await salvage(repository, options);
  for (const text of salvageLines(salvaged)) emit({ kind: 'forced', text });
  report(emit, 'restore', { ...result, salvage: salvaged });
  if (isAllWhole(salvaged)) return 0;
  const hint =
    'What was said of each of them above tells what there is of it. Bring back what is missing in the store, or see "repair".';
  throw new IntegrityError('NOT_WHOLE', notWholeText(salvaged), { hint });
}

function owners({ noRestoreOwnership, numericOwner }: Settings): 'names' | 'numbers' | 'new' {
  if (noRestoreOwnership) return 'new';
  return numericOwner ? 'numbers' : 'names';
}
