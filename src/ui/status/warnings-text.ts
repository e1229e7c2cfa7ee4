import type { CollectionWarning } from '../../collections/warnings.ts';
import { asctime } from '../../util/time.ts';

/** A sentence, then what it is about, one per line. */
export function warningText(warning: CollectionWarning): string {
  const { about, names, times } = warning;
  const listed = about === 'unsignedSet' ? [] : [...times.map(asctime), ...names];
  return [sentence(warning), ...listed].join('\n');
}

function sentence({ about, times, now }: CollectionWarning): string {
  switch (about) {
    case 'unusableFiles':
      return 'Files on the remote that are empty, cut off or damaged. They count as missing:';
    case 'setsAhead':
      return `The clock says ${asctime(now)}. Backup sets dated after that are not built upon, not counted, and restored only by their own time; remove-older-than with a later time removes them:`;
    case 'doubtedClock':
      return `The clock says ${asctime(now)}, but all backup sets are later. If it is wrong, set it; without --time the newest set is taken.`;
    case 'setsBeside':
      return 'Several increments have the same base, and a chain has room for one. These backup sets are left out, and restored only by their own time:';
    case 'unsignedSet':
      return `Signatures of the backup set of ${times.map(asctime).join()} are missing. The next increment builds on the set before it.`;
    case 'localSignatures':
      return 'Signature files in the archive dir that fit no chain:';
    case 'remoteSignatures':
      return 'Signature files on the remote that fit no chain:';
    case 'unmatchedSignatures':
      return 'Signatures were found, but none for the newest backup set:';
    case 'incompleteSets':
      return 'Incomplete backup sets, perhaps of an interrupted run:';
    case 'orphanedSets':
      return 'Backup sets that belong to no chain:';
  }
}
