import { replicate, type ReplicateOptions } from '../../actions/replicate/replicate.ts';
import type { Repository } from '../../repository/repository.ts';
import { report } from '../../ui/results/report.ts';
import { encodingOf } from '../engine-options.ts';
import type { Settings } from '../settings.ts';

export async function runReplicate(
  repository: Repository,
  settings: Settings,
  origin: ReplicateOptions['origin'],
): Promise<number> {
  const { time, concurrency } = settings;
  const options = { origin, before: time, encoding: encodingOf(settings), concurrency };
  const result = await replicate(repository, options);
  if (result.found === 0) repository.emit({ kind: 'notice', text: 'No old backup sets found.' });
  report(repository.emit, 'replicate', result);
  return 0;
}
