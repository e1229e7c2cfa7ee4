import type { Fate } from '../../../pipeline/reuse/base-volume.ts';
import type { EpochSeconds } from '../../../util/time.ts';
import type { VolumeCopies } from './copies.ts';
import type { Traffic } from './counting.ts';
import type { PlannedReuse } from './plan-reuse.ts';

/** What a full backup has taken over of the one before. In a dry run bytes to read and to send are estimates. */
export interface ReuseReport {
  /** When that was made. */
  readonly from: EpochSeconds;
  /** Volumes that were taken over, and their bytes. */
  readonly volumes: number;
  readonly bytes: number;
  /** Bytes of the source that were read. */
  readonly bytesRead: number;
  /** Bytes that were sent: volumes, signatures and manifest. */
  readonly bytesSent: number;
  /** The volumes of the one before, by what was planned for them. */
  readonly plan: Readonly<Record<Fate, number>>;
}

export function plannedReport({ base, outlook }: PlannedReuse, read: number): ReuseReport {
  return {
    from: base.set.end,
    volumes: outlook.reused,
    bytes: outlook.reusedBytes,
    bytesRead: outlook.toRead + read,
    bytesSent: outlook.toSend,
    plan: outlook.counts,
  };
}

export function reuseReport(
  { base, outlook }: PlannedReuse,
  { taken }: VolumeCopies,
  { read, sent }: Traffic,
): ReuseReport {
  const copied = taken.filter(({ how }) => how === 'copied');
  return {
    from: base.set.end,
    volumes: copied.length,
    bytes: copied.reduce((sum, { base: { size } }) => sum + size, 0),
    bytesRead: read,
    bytesSent: sent,
    plan: outlook.counts,
  };
}
