import type { BackupResult } from '../../../actions/backup/result.ts';
import type { BackupStatistics } from '../../../events/statistics.ts';
import { timeFields } from '../fields.ts';
import type { BackupFields, StatisticsFields } from '../lines.ts';
import { setFields } from './sets.ts';

export function backupFields({ kind, set, volumes, errors, statistics }: BackupResult): BackupFields {
  return {
    kind,
    ...(set !== undefined && { set: setFields(set) }),
    volumes,
    errors,
    statistics: statisticsFields(statistics),
  };
}

function statisticsFields({ startTime, endTime, ...counts }: Readonly<BackupStatistics>): StatisticsFields {
  return { ...timeFields('start', startTime), ...timeFields('end', endTime), ...counts };
}
