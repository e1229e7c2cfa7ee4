import type { PruneResult } from '../../actions/remove/prune.ts';
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
export function pruneTable({ sets }: PruneReport): string {
  const rows = [['Time', 'Kind', 'Volumes', 'Bytes', 'Plan'], ...sets.map(rowOf)];
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
export function pruneEnd({ sets, removed, freed, isRemoved }: PruneResult): string {
  if (removed.length === 0) return 'No backup sets to remove, nothing deleted.';
  const what = `${removed.length} of ${counted(sets.length, 'backup set')}`;
  const bytes = freed === undefined ? '' : `: ${sizeWords(freed)}`;
  if (isRemoved) return `Removed ${what}${bytes}.`;
  return `Found ${what} to remove${bytes}.\nRerun command with --force option to actually delete.`;
}

function rowOf(set: PrunedSet): readonly string[] {
  const bytes = set.bytes === undefined ? '?' : sizeWords(set.bytes);
  return [moment(set.end), set.type, String(set.volumes), bytes, fateWords(set)];
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
