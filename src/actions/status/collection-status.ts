import type { Repository } from '../../repository/repository.ts';
import { examine } from '../../repository/examine.ts';
import { readDrills } from '../drill/record.ts';
import { type StatusResult, statusOf } from './status-result.ts';

/** Chains, sets and what is left over, from the listing alone: needs no key and changes nothing. */
export function collectionStatus(repository: Repository): Promise<StatusResult> {
  const { archiveDir, remote } = repository;
  return examine(repository, (collection) => ({
    ...statusOf(collection, remote.listedSizeOf),
    lastDrill: readDrills(archiveDir).at(-1),
  }));
}
