import type { SquashObstacle } from '../../collections/squash/plan-squash.ts';
import { ChainError, type DuplicityError, UsageError } from '../../errors/errors.ts';
import { asctime } from '../../util/time.ts';

/** Why nothing is squashed. */
export function refusal(obstacle: SquashObstacle): DuplicityError {
  switch (obstacle.kind) {
    case 'nothing':
      return new ChainError('EXCEPTION', 'No backup chains found', {
        exception: 'CollectionsError',
        hint: 'Check the URL and the --file-prefix options: nothing there is a complete backup.',
      });
    case 'early':
      return new UsageError(
        'USER_ERROR',
        `No backup is as old as ${asctime(obstacle.time)}: the oldest one is that of ${asctime(obstacle.oldest)}.`,
        { hint: 'Each time stands for the newest backup up to it: see them with "collection-status".' },
      );
    case 'same':
      return new UsageError('USER_ERROR', `Both times stand for the backup of ${asctime(obstacle.at)}.`, {
        hint: 'Each time stands for the newest backup up to it: see them with "collection-status".',
      });
    case 'apart':
      return new UsageError(
        'USER_ERROR',
        `The backup of ${asctime(obstacle.to)} does not build on that of ${asctime(obstacle.from)}.`,
        { hint: 'Only increments of one chain can become one, and --from is the earlier time.' },
      );
    case 'builtUpon':
      return new ChainError(
        'USER_ERROR',
        `The backup of ${asctime(obstacle.set)} builds on that of ${asctime(obstacle.on)}, which would go.`,
        { hint: 'Choose times between which nothing else begins.' },
      );
  }
}
