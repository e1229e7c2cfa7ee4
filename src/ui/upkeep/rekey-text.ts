import type { RekeyResult } from '../../actions/rekey/rekey.ts';
import { counted } from '../../util/counted.ts';

/** The last word of a rekey. */
export function rekeyText({ found, rekeyed, plain, unfinished, passes, isPlanned }: RekeyResult): string {
  const files = rekeyed.reduce((sum, set) => sum + set.files, 0);
  const bytes = rekeyed.reduce((sum, set) => sum + set.bytes, 0);
  const would = isPlanned ? 'would be ' : '';
  const lines = [
    `Encrypted backup sets: ${found}.`,
    `Files replaced: ${would}${files} (${bytes} bytes)${passes > 1 ? ', in two passes' : ''}.`,
  ];
  if (plain.length > 0) lines.push(`Left as they are: ${counted(plain.length, 'set')} without encryption.`);
  if (unfinished.length > 0) {
    lines.push(
      `Left as they are: ${counted(unfinished.length, 'unfinished set')}. Finish or clean up, then run it again.`,
    );
  }
  lines.push('The data are encrypted as they were: who could read copies of these files before still can read those.');
  if (!isPlanned) lines.push('Give the new key to the next backup, too, and make a new recovery kit.');
  return lines.join('\n');
}
