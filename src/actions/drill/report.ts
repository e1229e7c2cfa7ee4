import type { SetId } from '../../collections/sets.ts';
import type { BytePath } from '../../util/bytepath.ts';
import type { EpochSeconds } from '../../util/time.ts';

/** Something that would have gone wrong in an emergency. */
export interface DrillFailure {
  readonly what: string;
  /** What to do. */
  readonly hint: string;
  /** Of a single file. */
  readonly path: BytePath | undefined;
}

/** What became of the files that were restored. */
export interface DrilledFiles {
  readonly restored: number;
  /** Of their content. */
  readonly bytes: number;
  /** Are as in the source, byte for byte. */
  readonly asInSource: number;
  /** Fit the block sums that were made when they were backed up. */
  readonly asSigned: number;
  /** Are not in the source any more as they were, so that they are compared with their block sums only. */
  readonly changedSince: number;
  /** Among those restored, stored or changed by the newest set. */
  readonly ofNewestSet: number;
}

/** The whole listing, and the source beside it. */
export interface DrilledListing {
  readonly entries: number;
  /** Are in the source as listed; undefined: there was no source to look at. */
  readonly asInSource: number | undefined;
  readonly changedSince: number | undefined;
  /** Only in the source, though older than the backup: left out of it, perhaps on purpose. */
  readonly onlyInSource: number | undefined;
}

/** What a drill has found. */
export interface DrillReport {
  /** Whether a restore would have succeeded, as far as was tried. */
  readonly isPassed: boolean;
  readonly failures: readonly DrillFailure[];
  /** The set whose state was restored; undefined: none could be. */
  readonly set: SetId | undefined;
  /** Seconds from then until now. */
  readonly age: number | undefined;
  /** The time of the set that was to be there at least, and who says so. */
  readonly expected: { readonly time: EpochSeconds; readonly by: 'ledger' | 'option' } | undefined;
  readonly listing: DrilledListing;
  readonly files: DrilledFiles;
  /** With it the same files are chosen again. */
  readonly seed: number;
  readonly seconds: number;
  /** Bytes of volumes that were read for the files, and how fast. */
  readonly read: number;
  readonly bytesPerSecond: number | undefined;
  /** All volumes of the state, and how long to restore them takes at that speed. */
  readonly toRestore: number | undefined;
  readonly restoreSeconds: number | undefined;
}
