import type { PruneResult } from '../../actions/remove/prune.ts';
import type { SquashResult } from '../../actions/squash/squash.ts';
import type { Held } from '../../collections/prune/candidates.ts';
import type { Reason } from '../../collections/prune/policy.ts';
import type { PrunedSet, PruneReport } from '../../collections/prune/report.ts';
import { counted } from '../../util/counted.ts';
import { wallClock } from '../../util/local-time.ts';
import type { EpochSeconds } from '../../util/time.ts';
import { sizeWords } from '../numbers.ts';

const HELD: Readonly<Record<Held, string>> = {
  partial: 'interrupted; the next backup goes on with it',
  ahead: 'dated after now; remove-older-than with a later time removes it',
  beside: 'two increments of this chain have the same base; remove-older-than removes the whole chain',
  damaged: 'volumes of it or of a set that it builds on are missing',
  incomplete: 'has no manifest; see cleanup',
  orphaned: 'belongs to no chain; see cleanup',
};

/** The plan as a table: `2026-11-08T03:00:00  full  3  1.20 MB  keep: daily #3, monthly #1 (until 2026-12-01)`. */
export function pruneTable({ sets, merged }: PruneReport): string {
  const into = new Map(merged.flatMap((run) => run.slice(0, -1).map(({ end }) => [end, run.at(-1)?.end] as const)));
  const rows = [
    ['Time', 'Kind', 'Volumes', 'Bytes', 'Plan'],
    ...sets.map((set) => rowOf(set, set.fate.kind === 'needed' ? into.get(set.end) : undefined)),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const isNumber = (column: number): boolean => column === 2 || column === 3;
  return rows
    .map((row) =>
      row
        .map((cell, i) => (isNumber(i) ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** The last word. */
export function pruneEnd({ sets, removed, freed, isRemoved, squashes }: PruneResult): string {
  const lines: string[] = [];
  const again: string[] = [];
  if (removed.length > 0) {
    const what = `${removed.length} of ${counted(sets.length, 'backup set')}`;
    const bytes = freed === undefined ? '' : `: ${sizeWords(freed)}`;
    lines.push(isRemoved ? `Removed ${what}${bytes}.` : `Found ${what} to remove${bytes}.`);
    if (!isRemoved) again.push('delete');
  }
  for (const result of squashes) lines.push(squashLine(result));
  if (squashes.some(({ isDone }) => !isDone)) again.push('squash');
  if (lines.length === 0) return 'No backup sets to remove, nothing deleted.';
  if (again.length > 0) lines.push(`Rerun command with --force option to actually ${again.join(' and ')}.`);
  return lines.join('\n');
}

function squashLine({ set, squashed, leftovers, bytesBefore, bytesAfter, isDone }: SquashResult): string {
  const until = moment(set.end);
  if (squashed.length === 0) {
    const what = `what was left of ${counted(leftovers.length, 'backup set')} that the one of ${until} has taken the place of`;
    return `${isDone ? 'Removed' : 'Found'} ${what}.`;
  }
  const about = isDone ? '' : 'about ';
  const words = [bytesBefore, bytesAfter].map((bytes) => (bytes === undefined ? '?' : sizeWords(bytes)));
  const sizes = `${words[0] ?? ''}, then ${about}${words[1] ?? ''}`;
  return `${isDone ? 'Squashed' : 'Found'} ${squashed.length} increments up to ${until} ${isDone ? 'into' : 'to squash into'} one: ${sizes}.`;
}

function rowOf(set: PrunedSet, mergedInto: EpochSeconds | undefined): readonly string[] {
  const bytes = set.bytes === undefined ? '?' : sizeWords(set.bytes);
  const plan = mergedInto === undefined ? fateWords(set) : `squash: into ${moment(mergedInto)}`;
  return [moment(set.end), set.type, String(set.volumes), bytes, plan];
}

function fateWords({ fate, until }: PrunedSet): string {
  const date = until === undefined ? '' : ` (until ${day(until)})`;
  switch (fate.kind) {
    case 'removed':
      return 'remove';
    case 'wanted':
      return `keep: ${fate.reasons.map(reasonWords).join(', ')}${date}`;
    case 'needed':
      return `keep: ${moment(fate.by)} builds on it${date}`;
    case 'held':
      return `keep: ${HELD[fate.why]}`;
  }
}

function reasonWords({ rule, number, isOldest }: Reason): string {
  return `${rule} #${number}${isOldest ? ' (the oldest)' : ''}`;
}

/** As `--time` takes it. */
function moment(time: EpochSeconds): string {
  const { hour, minute, second } = wallClock(time);
  return `${day(time)}T${[hour, minute, second].map(two).join(':')}`;
}

function day(time: EpochSeconds): string {
  const { year, month, day } = wallClock(time);
  return [String(year).padStart(4, '0'), two(month), two(day)].join('-');
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}
