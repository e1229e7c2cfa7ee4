import type { BackupStatistics } from '../events/statistics.ts';
import { type EpochSeconds, formatStamp } from '../util/time.ts';

/** Volumes and bytes that were taken over, bytes of the source that were read, bytes that were sent. */
export interface ReuseNumbers {
  readonly volumes: number;
  readonly bytes: number;
  readonly bytesRead: number;
  readonly bytesSent: number;
}

/** What a backup was, for its statistics as JSON. */
export interface BackupMeta {
  readonly type: 'full' | 'inc';
  /** Nothing had changed, and no set was written (`--skip-if-no-change`). */
  readonly skipped: boolean;
  /** Time of the full backup the set belongs to. */
  readonly fullTime: EpochSeconds;
  /** Increments before this one. */
  readonly increments: number;
  readonly concurrency: number;
  /** The URL, without password. */
  readonly target: string;
  readonly source: string;
  /** What a full backup has taken over of the one before. */
  readonly reuse?: ReuseNumbers | undefined;
  /** Names in the archive dir: statistics of the sets this one is based on. */
  readonly earlier: readonly string[];
}

/**
 * The statistics of 3.0.1's `--jsonstat`: same keys, same order (fixture v3-gz). TotalDestinationSizeChange, which that
 * leaves null, has its number. No newline at the end.
 */
export function formatJsonStatistics(statistics: Readonly<BackupStatistics>, meta: BackupMeta): string {
  const { startTime, endTime } = statistics;
  const value = {
    Filename: null,
    StartTime: startTime,
    EndTime: endTime,
    ElapsedTime: endTime - startTime,
    Errors: statistics.errors,
    TotalDestinationSizeChange: statistics.totalDestinationSizeChange,
    SourceFiles: statistics.sourceFiles,
    SourceFileSize: statistics.sourceFileSize,
    NewFiles: statistics.newFiles,
    NewFileSize: statistics.newFileSize,
    DeletedFiles: statistics.deletedFiles,
    ChangedFiles: statistics.changedFiles,
    ChangedFileSize: statistics.changedFileSize,
    ChangedDeltaSize: statistics.changedDeltaSize,
    DeltaEntries: statistics.deltaEntries,
    RawDeltaSize: statistics.rawDeltaSize,
    StartTime_str: formatStamp(startTime),
    EndTime_str: formatStamp(endTime),
    ...(meta.reuse !== undefined && {
      ReusedVolumes: meta.reuse.volumes,
      ReusedBytes: meta.reuse.bytes,
      BytesRead: meta.reuse.bytesRead,
      BytesSent: meta.reuse.bytesSent,
    }),
    backup_meta: {
      action: meta.type,
      skipped_inc: meta.skipped,
      time_full_bkp: meta.fullTime,
      time_full_bkp_str: formatStamp(meta.fullTime),
      no_of_inc: meta.increments,
      concurrency: meta.concurrency,
      target: meta.target,
      source: meta.source,
      local_json_stat: meta.earlier.length === 0 ? ['N/A'] : meta.earlier,
    },
  };
  return JSON.stringify(value, undefined, 4);
}
