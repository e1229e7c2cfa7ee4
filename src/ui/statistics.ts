import type { BackupStatistics } from '../events/statistics.ts';
import { type EpochSeconds, asctime } from '../util/time.ts';
import { counted } from '../util/counted.ts';
import { durationWords, fixed, sizeWords } from './numbers.ts';

/** The block that front ends read word by word. Ends with a newline, so that an empty line follows when shown. */
export function formatStatistics(stats: Readonly<BackupStatistics>): string {
  const time = (key: string, value: EpochSeconds): string => `${key} ${fixed(value, 2)} (${asctime(value)})`;
  const size = (key: string, bytes: number): string => `${key} ${bytes} (${sizeWords(bytes)})`;
  const elapsed = stats.endTime - stats.startTime;
  return [
    '--------------[ Backup Statistics ]--------------',
    time('StartTime', stats.startTime),
    time('EndTime', stats.endTime),
    `ElapsedTime ${fixed(elapsed, 2)} (${durationWords(elapsed)})`,
    `SourceFiles ${stats.sourceFiles}`,
    size('SourceFileSize', stats.sourceFileSize),
    `NewFiles ${stats.newFiles}`,
    size('NewFileSize', stats.newFileSize),
    `DeletedFiles ${stats.deletedFiles}`,
    `ChangedFiles ${stats.changedFiles}`,
    size('ChangedFileSize', stats.changedFileSize),
    size('ChangedDeltaSize', stats.changedDeltaSize),
    `DeltaEntries ${stats.deltaEntries}`,
    size('RawDeltaSize', stats.rawDeltaSize),
    size('TotalDestinationSizeChange', stats.totalDestinationSizeChange),
    `Errors ${stats.errors}`,
    '-------------------------------------------------',
    '',
  ].join('\n');
}

/** The last line of verify. */
export function formatVerifySummary(compared: number, differences: number): string {
  return `Verify complete: ${counted(compared, 'file')} compared, ${counted(differences, 'difference')} found.`;
}
