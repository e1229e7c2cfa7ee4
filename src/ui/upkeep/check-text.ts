import type { Amount, CheckReport, Damage, Unproven } from '../../actions/check/report.ts';
import type { SetId } from '../../collections/sets.ts';
import { counted } from '../../util/counted.ts';
import { shown, toScreen } from '../../util/bytepath.ts';
import { asctime } from '../../util/time.ts';
import { sizeWords } from '../numbers.ts';

/** What `check` says of one piece of damage. */
export function damageText({ kind, place, file, set, reason, lost, remedy }: Damage): string {
  const where = place === 'local' ? ' (in the archive dir)' : '';
  const lines = [`${WORDS[kind]} ${toScreen(file)}${where}`, `of the ${setWords(set)}. ${reason}`];
  if (lost !== undefined) lines.push(lostText(set, lost));
  lines.push(remedy);
  return lines.join('\n        ');
}

const WORDS: Readonly<Record<Damage['kind'], string>> = { missing: 'MISSING', changed: 'DAMAGED', differs: 'DIFFERS' };

function lostText({ type }: SetId, { from, to }: NonNullable<Damage['lost']>): string {
  const what = type === 'full' ? 'What it holds' : 'The changes it holds';
  const range = from === to ? `are of ${shown(from)}` : `are from ${shown(from)} to ${shown(to)}`;
  return `${what} ${type === 'full' ? range.replace(/^are/, 'is') : range}, and later backups build on it.`;
}

function setWords({ type, end }: SetId): string {
  return `${type === 'full' ? 'full backup' : 'increment'} of ${asctime(end)}`;
}

/** What is proven, and what is not. */
export function checkLines(report: CheckReport): readonly string[] {
  const { now, byChecksum, before, never, oldest, unproven, removed, unfinished, isDeep, isPlanned } = report;
  const lines: string[] = [];
  const fetched = { files: now.files - byChecksum.files, bytes: now.bytes - byChecksum.bytes };
  if (isPlanned) lines.push(`would be read  ${amountText(now)}`);
  else {
    lines.push(`proven now     ${amountText(fetched)}${isDeep ? ', decoded and compared with the signatures' : ''}`);
    if (byChecksum.files > 0) lines.push(`by checksum    ${amountText(byChecksum)}, as the store tells, not read`);
  }
  if (before.files > 0) {
    const since = oldest === undefined ? '' : `, the longest ago on ${asctime(oldest)}`;
    lines.push(`proven before  ${amountText(before)}${since}`);
  }
  if (never.files > 0) lines.push(`never proven   ${amountText(never)}`);
  for (const line of unprovenLines(unproven)) lines.push(line);
  if (unfinished.length > 0) {
    lines.push(`unfinished     ${counted(unfinished.length, 'set')}: no backup, see "collection-status" and "cleanup"`);
  }
  if (removed.length > 0) lines.push(`removed        ${counted(removed.length, 'set')} while this ran`);
  return lines;
}

function unprovenLines(unproven: readonly Unproven[]): readonly string[] {
  const count = (why: Unproven['why']): number => unproven.filter((one) => one.why === why).length;
  const lines: string[] = [];
  const [locked, unhashed] = [count('needsKey'), count('noHash')];
  if (locked > 0)
    lines.push(`not provable   ${counted(locked, 'file')} without the key: only names and sizes were looked at`);
  if (unhashed > 0) lines.push(`not provable   ${counted(unhashed, 'volume')} of which the manifest tells no hash`);
  return lines;
}

function amountText({ files, bytes }: Amount): string {
  return `${counted(files, 'file')}, ${sizeWords(bytes)}`;
}

/** Its last word. */
export function verdictText({ sets, damage }: CheckReport): string {
  if (damage.length === 0) return `No damage found in ${counted(sets, 'backup set')}.`;
  const hit = new Set(damage.map(({ set }) => `${set.type} ${set.start} ${set.end}`)).size;
  return `${counted(damage.length, 'file')} of ${counted(hit, 'backup set')} ${damage.length === 1 ? 'is' : 'are'} damaged or missing.`;
}
