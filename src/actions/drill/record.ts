import type { ArchiveDir } from '../../cache/archive-dir.ts';
import { setKey } from '../../collections/listing.ts';
import type { EpochSeconds } from '../../util/time.ts';
import type { DrillReport } from './report.ts';

const NAME = 'drills.jsonl';
/** Older ones are dropped. */
const MOST = 200;

/** A line of `drills.jsonl`: docs/format/archive-dir.md. */
export interface DrillRecord {
  readonly at: EpochSeconds;
  readonly passed: boolean;
  /** What was wrong first. */
  readonly failure?: string;
  /** Key of the set that was restored. */
  readonly set?: string;
  /** Seconds since that. */
  readonly age?: number;
  readonly files: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly bytesPerSecond?: number;
  readonly restoreSeconds?: number;
}

/** What earlier drills have written down, oldest first. Whatever else the file holds counts as nothing. */
export function readDrills(archiveDir: Pick<ArchiveDir, 'list' | 'read'>): readonly DrillRecord[] {
  if (!archiveDir.list().includes(NAME)) return [];
  return archiveDir
    .read(NAME)
    .toString('utf8')
    .split('\n')
    .flatMap((line) => parse(line) ?? []);
}

export async function noteDrill(archiveDir: ArchiveDir, at: EpochSeconds, report: DrillReport): Promise<void> {
  const { isPassed, failures, set, age, files, seconds, bytesPerSecond, restoreSeconds } = report;
  const record: DrillRecord = {
    at,
    passed: isPassed,
    ...(failures[0] !== undefined && { failure: failures[0].what }),
    ...(set !== undefined && { set: setKey(set) }),
    ...(age !== undefined && { age: Math.round(age) }),
    files: files.restored,
    bytes: files.bytes,
    seconds: Math.round(seconds * 1000) / 1000,
    ...(bytesPerSecond !== undefined && { bytesPerSecond: Math.round(bytesPerSecond) }),
    ...(restoreSeconds !== undefined && { restoreSeconds: Math.round(restoreSeconds) }),
  };
  const lines = [...readDrills(archiveDir).slice(1 - MOST), record].map((one) => `${JSON.stringify(one)}\n`);
  await archiveDir.write(NAME, [Buffer.from(lines.join(''))]);
}

function parse(line: string): DrillRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { at, passed, files, bytes, seconds } = value as Readonly<Record<string, unknown>>;
  const areNumbers = [at, files, bytes, seconds].every((one) => typeof one === 'number');
  return areNumbers && typeof passed === 'boolean' ? (value as DrillRecord) : undefined;
}
