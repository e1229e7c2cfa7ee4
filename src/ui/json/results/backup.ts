import type { BackupResult } from '../../../actions/backup/result.ts';
import type { ReuseReport } from '../../../actions/backup/reuse/report.ts';
import type { BackupStatistics } from '../../../events/statistics.ts';
import { timeFields } from '../fields.ts';
import type { BackupFields, ReuseFields, StatisticsFields } from '../shapes/backup.ts';
import { setFields } from './sets.ts';

export function backupFields({
  kind,
  set,
  fullBecause,
  volumes,
  errors,
  reuse,
  statistics,
}: BackupResult): BackupFields {
  return {
    kind,
    ...(set !== undefined && { set: setFields(set) }),
    ...(fullBecause.length > 0 && { fullBecause: fullBecause.map((reason) => ({ ...reason })) }),
    volumes,
    errors,
    ...(reuse !== undefined && { reuse: reuseFields(reuse) }),
    statistics: statisticsFields(statistics),
  };
}

function reuseFields({ from, ...numbers }: ReuseReport): ReuseFields {
  return { ...timeFields('from', from), ...numbers };
}

function statisticsFields({ startTime, endTime, ...counts }: Readonly<BackupStatistics>): StatisticsFields {
  return { ...timeFields('start', startTime), ...timeFields('end', endTime), ...counts };
}
