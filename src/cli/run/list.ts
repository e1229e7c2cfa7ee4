import { list } from '../../actions/list/list.ts';
import type { Repository } from '../../repository/repository.ts';
import { report } from '../../ui/results/report.ts';
import type { Settings } from '../settings.ts';

export async function runList(repository: Repository, { time, json }: Settings): Promise<number> {
  const result = await list(repository, { time, details: json });
  report(repository.emit, 'list-current-files', result);
  return 0;
}
