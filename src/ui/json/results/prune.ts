import type { PruneResult } from '../../../actions/remove/prune.ts';
import type { PrunedSet } from '../../../collections/prune/report.ts';
import { timeFields } from '../fields.ts';
import type { PrunedSetFields, PruneFields } from '../shapes/upkeep.ts';
import { setFields } from './sets.ts';
import { squashFields } from './upkeep.ts';

export function pruneFields({ sets, removed, freed, isRemoved, squashes }: PruneResult): PruneFields {
  return {
    sets: sets.map(prunedSetFields),
    removed: removed.map(setFields),
    ...(freed !== undefined && { freedBytes: freed }),
    isRemoved,
    squashes: squashes.map(squashFields),
  };
}

function prunedSetFields(set: PrunedSet): PrunedSetFields {
  const { volumes, bytes, fate, until, files } = set;
  return {
    ...setFields(set),
    volumes,
    ...(bytes !== undefined && { bytes }),
    plan: fate.kind,
    ...(fate.kind === 'wanted' && { reasons: fate.reasons.map((reason) => ({ ...reason })) }),
    ...(fate.kind === 'needed' && timeFields('neededBy', fate.by)),
    ...(fate.kind === 'held' && { why: fate.why }),
    ...(until !== undefined && timeFields('until', until)),
    ...(fate.kind === 'removed' && { files: files.map(({ place, name }) => ({ place, name })) }),
  };
}
