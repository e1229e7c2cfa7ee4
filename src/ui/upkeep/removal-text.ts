import type { CleanupResult } from '../../actions/remove/cleanup.ts';
import type { RemoveResult } from '../../actions/remove/remove-old.ts';
import type { Event, RemovedPart } from '../../events/events.ts';
import { asctime, type EpochSeconds } from '../../util/time.ts';

// What `cleanup` and `remove-...` say, in the words of the reference.

export function cleaningText(names: readonly string[]): string {
  return [`Deleting ${names.length === 1 ? 'this file' : 'these files'} from backend:`, ...names].join('\n');
}

/** The last word of a cleanup that was not allowed to delete, or found nothing. */
export function cleanupFound({ files }: CleanupResult): Event {
  if (files.length === 0) return { kind: 'warning', text: 'No extraneous files found, nothing deleted in cleanup.' };
  const found = `Found the following ${files.length === 1 ? 'file' : 'files'} to delete:`;
  const again = 'Run duplicity again with the --force option to actually delete.';
  return { kind: 'notice', text: [found, ...files, again].join('\n') };
}

export function oldSetsKeptText(times: readonly EpochSeconds[]): string {
  return [
    'There are backup set(s) at time(s):',
    ...times.map(asctime),
    "Which can't be deleted because newer sets depend on them.",
  ].join('\n');
}

export const NEWEST_CHAIN_KEPT = 'The newest backup chain is old enough, too, but it is not deleted: it is in use.';

export function removingText(times: readonly EpochSeconds[]): string {
  const plural = times.length > 1 ? 's' : '';
  return [`Deleting backup chain${plural} at time${plural}:`, ...times.map(asctime)].join('\n');
}

export function removingStepText({ part, scope, end }: RemovedPart): string {
  if (scope === 'ahead') return `Deleting ${part === 'signatures' ? 'signatures' : 'backup set'} ${asctime(end)}`;
  const chain = part === 'signatures' ? 'signature chain' : 'backup chain';
  const which = scope === 'complete' ? `complete ${chain}` : `any incremental ${chain} rooted at`;
  return `Deleting ${which} ${asctime(end)}`;
}

/** The last word of a removal that was not allowed to delete, or found nothing. */
export function oldFound({ plan: { times } }: RemoveResult): Event {
  if (times.length === 0) return { kind: 'notice', text: 'No old backup sets found, nothing deleted.' };
  const plural = times.length > 1 ? 's' : '';
  const found = `Found old backup chain${plural} at the following time${plural}:`;
  const again = 'Rerun command with --force option to actually delete.';
  return { kind: 'notice', text: [found, ...times.map(asctime), again].join('\n') };
}
