import type { MirrorResult } from '../../actions/mirror/mirror.ts';

/** The last word of a mirror. */
export function mirroredText({ found, copied, deleted, isPlanned }: MirrorResult): string {
  const files = copied.reduce((sum, set) => sum + set.files, 0);
  const bytes = copied.reduce((sum, set) => sum + set.bytes, 0);
  const verified = copied.reduce((sum, set) => sum + set.verified, 0);
  const would = isPlanned ? 'would be ' : '';
  const hashes = isPlanned || files === 0 ? '' : `, the hashes of ${verified} volumes checked`;
  const lines = [
    `Backup sets: ${found}; of ${copied.length} something was lacking at the other place.`,
    `Files sent: ${would}${files} (${bytes} bytes)${hashes}.`,
  ];
  if (deleted.length > 0) lines.push(`Backup sets deleted there: ${would}${deleted.length}.`);
  return lines.join('\n');
}
