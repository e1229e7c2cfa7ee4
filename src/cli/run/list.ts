import { list } from '../../actions/list/list.ts';
import type { Repository } from '../../repository/repository.ts';
import type { Settings } from '../settings.ts';

export async function runList(repository: Repository, { time }: Settings): Promise<number> {
  await list(repository, { time });
  return 0;
}
