import type { Means, Mended, RepairReport, Unmended } from '../../actions/repair/report.ts';
import type { SetId } from '../../collections/sets.ts';
import { counted } from '../../util/counted.ts';
import { toScreen } from '../../util/bytepath.ts';
import { asctime } from '../../util/time.ts';

const MEANS: Readonly<Record<Means, string>> = {
  copy: 'of the copy at the other place',
  source: 'of files of the source that are as they were',
  volumes: 'of what the volumes hold',
  archiveDir: 'of the copy in the archive dir',
  dropped: 'it is gone from the archive dir, where the next run fetches it',
};

/** What `repair` says of a file that it has made again. */
export function mendedText({ file, set, by }: Mended, { isPlanned }: RepairReport): string {
  return `${isPlanned ? 'WOULD REPAIR' : 'REPAIRED'} ${toScreen(file)}\n        of the ${setWords(set)}: ${MEANS[by]}.`;
}

/** What it says of one that it cannot make again. */
export function unmendedText({ file, set, reason }: Unmended): string {
  return `LEFT ${toScreen(file)}\n        of the ${setWords(set)}: ${reason}.`;
}

function setWords({ type, end }: SetId): string {
  return `${type === 'full' ? 'full backup' : 'increment'} of ${asctime(end)}`;
}

/** Its last word. */
export function repairedText({ sets, mended, isPlanned }: RepairReport): string {
  if (mended.length === 0) return `No damage found in ${counted(sets, 'backup set')}.`;
  if (isPlanned) return `${counted(mended.length, 'file')} would be made again.`;
  return `${counted(mended.length, 'file')} ${mended.length === 1 ? 'was' : 'were'} made again, and no damage is left.`;
}

/** The same when something is left. */
export function notRepairedText({ mended, unmended, isPlanned }: RepairReport): string {
  const made = isPlanned ? 'would be' : mended.length === 1 ? 'was' : 'were';
  return `${counted(unmended.length, 'file')} cannot be made again; ${mended.length} ${made}.`;
}
