import type { FullRules } from '../../collections/full-due.ts';
import type { SourceOptions } from '../../repository/source/source-tree.ts';
import type { RootPath } from '../../source/root.ts';
import type { BytePath } from '../../util/bytepath.ts';

/** `auto`: an increment where one can be made, else a full backup. */
export type BackupKind = 'full' | 'incremental' | 'auto';

/** Which volumes of the last full backup a new one may hold as they are, and how they come there. */
export interface ReuseWish {
  /** `auto` and `copy`: the store copies them, `copy` also where not all about keys can be found out. `link`: a second name. */
  readonly mode: 'auto' | 'never' | 'link' | 'copy';
  /** Seconds for which a volume counts as fresh that was made, or found to be right. Others are not taken over. */
  readonly maxAge: number;
}

/** What is to be backed up, and how. */
export interface BackupOptions extends SourceOptions, FullRules {
  readonly kind: BackupKind;
  /** The tree. The set keeps its path as it is given; one that is relative goes from the working directory. */
  readonly source: RootPath;
  /** Where the source is; undefined for a relative one in a directory that is gone. */
  readonly absoluteSource: BytePath | undefined;
  /** Whether an increment is built only on a chain of which the remote holds everything. */
  readonly checksRemote: boolean;
  /** The last set may be of another host or source. */
  readonly mayChangeSource: boolean;
  /** Owners are compared by number, not by name. */
  readonly numericOwner: boolean;
  /** Bytes of a volume. */
  readonly volumeSize: number;
  /** Bytes; the largest block of a signature. */
  readonly maxBlockSize: number;
  /** Volumes on their way while the next is written; 0 uploads in line. undefined: a few, as long as there is room. */
  readonly concurrency: number | undefined;
  /** Whether the manifest lists the files that have changed. */
  readonly listsFiles: boolean;
  /** An increment without changes is not written. */
  readonly skipsUnchanged: boolean;
  /** The statistics are stored as JSON beside the set. */
  readonly keepsStatistics: boolean;
  /** Whether anybody wants to hear of each path that is stored. */
  readonly announcesFiles: boolean;
  /** Seconds between two events that tell how far it is; undefined: none, and the source is not counted beforehand. */
  readonly progressInterval: number | undefined;
  /** What a full backup takes over of the one before. */
  readonly reuse: ReuseWish;
  /** For tests: the run ends in failure after the upload of this volume. */
  readonly failOnVolume: number | undefined;
}
