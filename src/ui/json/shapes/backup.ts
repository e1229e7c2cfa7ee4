import type { Count, Epoch, SetFields, Timestamp } from './common.ts';

/** What a backup has done. */
export interface BackupFields {
  /** `skipped`: nothing had changed. `planned`: a dry run. */
  kind: 'stored' | 'skipped' | 'planned';
  /** The set that was stored, or would be. */
  set?: SetFields;
  /** The rules that made it a full backup, such as `--full-if-older-than`. */
  fullBecause?: FullReasonFields[];
  /** Volumes of that set; 0 when none was stored. */
  volumes: Count;
  /** Entries of the source that could not be read. */
  errors: Count;
  /** What a full backup has taken over of the one before. In a dry run bytes are estimates. */
  reuse?: ReuseFields;
  statistics: StatisticsFields;
}

/** Volumes of the last full backup in a new one. */
export interface ReuseFields {
  /** When the last full backup was made. */
  from?: Timestamp;
  fromEpoch: Epoch;
  /** Volumes that were copied, and their bytes. */
  volumes: Count;
  bytes: Count;
  /** Of the source. */
  bytesRead: Count;
  /** Of volumes, signatures and manifest. */
  bytesSent: Count;
  /** The volumes of the last full backup by what was planned for them: all but the clean ones are stored anew. */
  plan: Record<'clean' | 'changed' | 'joined' | 'old' | 'missing' | 'locked', Count>;
}

/** A rule that made a backup full, and the numbers it went by: what was found, and `most`, which it was to be. */
export interface FullReasonFields {
  rule: 'olderThan' | 'chainLongerThan' | 'chainLargerThan' | 'restoreLongerThan';
  increments?: Count;
  /** Stored of the increments, and of the full backup. */
  bytes?: Count;
  fullBytes?: Count;
  /** As estimated. */
  seconds?: number;
  most?: number;
}

/** What a backup has counted. */
export interface StatisticsFields {
  start?: Timestamp;
  startEpoch: Epoch;
  end?: Timestamp;
  endEpoch: Epoch;
  /** Entries of the source, its root and directories included. */
  sourceFiles: Count;
  sourceFileSize: Count;
  newFiles: Count;
  newFileSize: Count;
  deletedFiles: Count;
  changedFiles: Count;
  changedFileSize: Count;
  changedDeltaSize: Count;
  deltaEntries: Count;
  /** Content in the volumes, before compression. */
  rawDeltaSize: Count;
  /** The volumes that were stored. */
  totalDestinationSizeChange: Count;
  errors: Count;
}
