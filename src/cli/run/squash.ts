import { squash, type SquashRules } from '../../actions/squash/squash.ts';
import { UsageError } from '../../errors/errors.ts';
import type { Repository } from '../../repository/repository.ts';
import { report } from '../../ui/results/report.ts';
import { squashText } from '../../ui/upkeep/squash-text.ts';
import type { Settings } from '../settings.ts';

export async function runSquash(repository: Repository, settings: Settings): Promise<number> {
  const { from, to, force } = settings;
  if (from === undefined || typeof from === 'string' || to === undefined) {
    throw new UsageError('COMMAND_LINE', 'squash needs --from TIME and --to TIME.', {
      hint: 'The increments behind the backup of the one, up to that of the other, become one increment.',
    });
  }
  const result = await squash(repository, { from, to, force, ...squashRules(settings) });
  repository.emit({ kind: 'notice', text: squashText(result, { force }) });
  report(repository.emit, 'squash', result);
  return 0;
}

/** How a squash packs what it writes. */
export function squashRules({ volsize, concurrency, noFilesChanged, signKey }: Settings): SquashRules {
  return { volumeSize: volsize, concurrency, listsFiles: !noFilesChanged, signer: signKey };
}
