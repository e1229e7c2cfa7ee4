import { cleanup } from '../../actions/remove/cleanup.ts';
import { removeOld, type TooOld } from '../../actions/remove/remove-old.ts';
import type { Repository } from '../../repository/repository.ts';
import { report } from '../../ui/results/report.ts';
import { cleanupFound, oldFound } from '../../ui/upkeep/removal-text.ts';
import type { Settings } from '../settings.ts';
import type { Request } from '../words/positionals.ts';

export async function runCleanup(repository: Repository, { force }: Settings): Promise<number> {
  const result = await cleanup(repository, { force });
  if (!force || result.files.length === 0) repository.emit(cleanupFound(result));
  report(repository.emit, 'cleanup', result);
  return 0;
}

type RemoveRequest = Extract<
  Request,
  { readonly action: 'remove-older-than' | 'remove-all-but-n-full' | 'remove-all-inc-of-but-n-full' }
>;

/** `remove-older-than` and the like. */
export async function runRemove(repository: Repository, { force }: Settings, request: RemoveRequest): Promise<number> {
  const result = await removeOld(repository, { what: tooOld(request), force });
  if (!force || result.plan.times.length === 0) repository.emit(oldFound(result));
  report(repository.emit, request.action, result);
  return 0;
}

function tooOld(request: RemoveRequest): TooOld {
  switch (request.action) {
    case 'remove-older-than':
      return { kind: 'olderThan', time: request.time };
    case 'remove-all-but-n-full':
      return { kind: 'allButNFull', count: request.count };
    case 'remove-all-inc-of-but-n-full':
      return { kind: 'incsOfAllButNFull', count: request.count };
  }
}
