import type { EpochSeconds } from '../util/time.ts';

/** What a backup counted; the reference's statistics block shows these fields in this order. */
export interface BackupStatistics {
  startTime: EpochSeconds;
  endTime: EpochSeconds;
  /** Entries of the source, its root and directories included. */
  sourceFiles: number;
  sourceFileSize: number;
  newFiles: number;
  newFileSize: number;
  deletedFiles: number;
  changedFiles: number;
  changedFileSize: number;
  changedDeltaSize: number;
  deltaEntries: number;
  /** Bytes of content put into the volumes, before compression. */
  rawDeltaSize: number;
  /** Bytes of the volumes uploaded. */
  totalDestinationSizeChange: number;
  errors: number;
}

export function emptyStatistics(startTime: EpochSeconds): BackupStatistics {
  return {
    startTime,
    endTime: startTime,
    sourceFiles: 0,
    sourceFileSize: 0,
    newFiles: 0,
    newFileSize: 0,
    deletedFiles: 0,
    changedFiles: 0,
    changedFileSize: 0,
    changedDeltaSize: 0,
    deltaEntries: 0,
    rawDeltaSize: 0,
    totalDestinationSizeChange: 0,
    errors: 0,
  };
}
