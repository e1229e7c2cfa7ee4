import type { ChainStatus, SetStatus, StatusResult } from '../../actions/status/status-result.ts';
import { asctime, type EpochSeconds, formatStamp } from '../../util/time.ts';

const RULE = '-'.repeat(25);

export function lastFullText(time: EpochSeconds | undefined): string {
  return `Last full backup date: ${time === undefined ? 'none' : asctime(time)}`;
}

export const NO_ACTIVE_CHAIN = 'No backup chains with active signatures found';

interface Place {
  /** The reference's word for the driver (`BackendWrapper`). */
  readonly backendName: string;
  readonly archiveDir: string;
}

/** collection-status for people and, as lines of an INFO 3 record, for programs. */
export interface StatusReport {
  /** Lines joined by newlines, none at the end. */
  readonly text: string;
  readonly data: readonly string[];
}

/** Byte for byte what the reference prints: vectors/collection-status.jsonl. Times are local. */
export function statusReport(status: StatusResult, place: Place): StatusReport {
  const primary = status.chains.find(({ isActive }) => isActive);
  const secondary = status.chains.filter((chain) => chain !== primary);
  return {
    text: textLines(status, place, primary, secondary).join('\n'),
    data: [
      `backend ${place.backendName}`,
      `archive-dir ${place.archiveDir}`,
      ...secondary.flatMap((chain, i) => [`chain-no-sig ${i}`, ...chainData(chain)]),
      ...(primary === undefined ? [] : ['chain-complete', ...chainData(primary)]),
      `orphaned-sets-num ${status.orphaned.length}`,
      `incomplete-sets-num ${status.incomplete.length}`,
    ],
  };
}

function textLines(
  { orphaned, incomplete }: StatusResult,
  place: Place,
  primary: ChainStatus | undefined,
  secondary: readonly ChainStatus[],
): readonly string[] {
  const lines = [
    'Collection Status',
    '-----------------',
    `Connecting with backend: ${place.backendName}`,
    `Archive dir: ${place.archiveDir}`,
    '',
    `Found ${count(secondary.length, 'secondary backup chain')}.`,
  ];
  for (const [i, chain] of secondary.entries()) {
    lines.push(`Secondary chain ${i + 1} of ${secondary.length}:`, ...chainLines(chain), '');
  }
  if (primary === undefined) lines.push(NO_ACTIVE_CHAIN);
  else lines.push('', 'Found primary backup chain with matching signature chain:', ...chainLines(primary));
  if (orphaned.length === 0 && incomplete.length === 0) lines.push('No orphaned or incomplete backup sets found.');
  else {
    lines.push(
      `Also found ${count(orphaned.length, 'backup set')} not part of any chain,`,
      `and ${count(incomplete.length, 'incomplete backup set')}.`,
      'These may be deleted by running duplicity with the "cleanup" command.',
    );
  }
  return lines;
}

function chainLines(chain: ChainStatus): readonly string[] {
  const volumes = chain.sets.reduce((sum, set) => sum + set.volumes, 0);
  return [
    RULE,
    `Chain start time: ${asctime(chain.start)}`,
    `Chain end time: ${asctime(chain.end)}`,
    `Number of contained backup sets: ${chain.sets.length}`,
    `Total number of contained volumes: ${volumes}`,
    row('Type of backup set:', 'Time:', 'Num volumes:'),
    ...listedSets(chain).map((set) =>
      row(set.type === 'full' ? 'Full' : 'Incremental', asctime(set.end), String(set.volumes)),
    ),
    RULE,
  ];
}

function chainData(chain: ChainStatus): readonly string[] {
  return listedSets(chain).map(
    (set) => ` ${set.type} ${formatStamp(set.end)} ${set.volumes} ${set.isEncrypted ? 'enc' : 'noenc'}`,
  );
}

/** The reference counts a set whose volumes are all gone, but gives it no line. */
function listedSets(chain: ChainStatus): readonly SetStatus[] {
  return chain.sets.filter(({ volumes }) => volumes > 0);
}

function row(type: string, time: string, volumes: string): string {
  return `${type.padStart(20)}   ${time.padStart(30)}   ${volumes.padStart(15)}`;
}

function count(n: number, thing: string): string {
  return `${n} ${thing}${n === 1 ? '' : 's'}`;
}
