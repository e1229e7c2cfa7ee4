import { restore, type RestoreOptions } from '../../actions/restore/restore.ts';
import { refuseWarnings } from '../../events/strict.ts';
import type { Repository } from '../../repository/repository.ts';
import { plannedRestoreText } from '../../ui/results/planned-restore.ts';
import { report } from '../../ui/results/report.ts';
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
    const result = await restore(strict, options);
    if (result.kind === 'planned') strict.emit({ kind: 'forced', text: plannedRestoreText(result) });
    report(strict.emit, 'restore', result);
    return 0;
  });
}

function owners({ noRestoreOwnership, numericOwner }: Settings): 'names' | 'numbers' | 'new' {
  if (noRestoreOwnership) return 'new';
  return numericOwner ? 'numbers' : 'names';
}
