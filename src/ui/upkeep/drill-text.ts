import type { DrillFailure, DrillReport } from '../../actions/drill/report.ts';
import { counted } from '../../util/counted.ts';
import { asctime } from '../../util/time.ts';
import { sizeWords } from '../numbers.ts';

export function failureText({ what, hint }: DrillFailure): string {
  return `FAILED ${what}\n        ${hint}`;
}

/** What was restored, from when, and how fast. */
export function drillLines({
  set,
  age,
  expected,
  listing,
  files,
  seed,
  read,
  bytesPerSecond,
  toRestore,
  restoreSeconds,
}: DrillReport): readonly string[] {
  const lines: string[] = [];
  if (expected !== undefined) {
    const by = expected.by === 'ledger' ? 'the last that was made' : 'the oldest that does';
    lines.push(`expected    ${asctime(expected.time)}, ${by}`);
  }
  if (set === undefined) return lines;
  lines.push(`backup      ${asctime(set.end)}, ${durationWords(age ?? 0)} old`);
  const { entries, asInSource, changedSince, onlyInSource } = listing;
  const seen = asInSource === undefined ? '' : `, ${asInSource} as in the source, ${changedSince} changed since`;
  lines.push(`listing     ${counted(entries, 'entry', 'entries')}${seen}`);
  if (onlyInSource !== undefined && onlyInSource > 0) {
    lines.push(
      `not in it   ${counted(onlyInSource, 'entry', 'entries')} of the source, older than the backup: left out of it`,
    );
  }
  const compared = [
    `${files.asSigned} as signed`,
    ...(asInSource === undefined ? [] : [`${files.asInSource} as in the source`]),
    ...(files.changedSince > 0 ? [`${files.changedSince} changed there since`] : []),
  ];
  lines.push(
    `restored    ${counted(files.restored, 'file')}, ${sizeWords(files.bytes)}: ${compared.join(', ')} (--seed ${seed})`,
  );
  if (bytesPerSecond !== undefined)
    lines.push(`speed       ${sizeWords(read)} of volumes, ${sizeWords(bytesPerSecond)} per second`);
  if (restoreSeconds !== undefined && toRestore !== undefined) {
    lines.push(`all of it   ${sizeWords(toRestore)} of volumes, about ${durationWords(restoreSeconds)}`);
  }
  return lines;
}

/** The last word of a drill. */
export function drillVerdict({ isPassed, failures, set }: DrillReport): string {
  if (!isPassed) return `The drill failed: ${counted(failures.length, 'thing')} would be wrong with a restore.`;
  return `The drill passed: the backup of ${asctime(set?.end ?? 0)} can be restored.`;
}

/** `3 days`, `2 hours`, `40 minutes`, `12 seconds`. */
function durationWords(seconds: number): string {
  for (const [size, word] of [
    [86_400, 'day'],
    [3600, 'hour'],
    [60, 'minute'],
  ] as const) {
    if (seconds >= 2 * size) return counted(Math.round(seconds / size), word);
  }
  return counted(Math.max(0, Math.ceil(seconds)), 'second');
}
