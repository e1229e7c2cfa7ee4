import type { FileType, Metadata } from '../archive/entry.ts';
import type { FileChange } from '../archive/manifest/manifest.ts';
import type { FullDue } from '../collections/full-due.ts';
import type { PruneReport } from '../collections/prune/report.ts';
import type { CollectionWarning } from '../collections/warnings.ts';
import type { DuplicityError } from '../errors/errors.ts';
import type { SizeRange } from '../rsync/signed-size.ts';
import type { BytePath } from '../util/bytepath.ts';
import type { EpochSeconds } from '../util/time.ts';
import type { ProgressState } from './progress.ts';
import type { BackupStatistics } from './statistics.ts';
import type { Verdict } from './verdict.ts';

/** Numbers of the warnings that front ends tell apart; their meaning is the reference's (docs/log-records.md). */
export const WARNINGS = {
  generic: 1,
  orphanedSignatures: 2,
  unmatchedSignatures: 4,
  incompleteSets: 5,
  orphanedSets: 6,
  cannotInitialise: 8,
  cannotStat: 9,
  cannotRead: 10,
  timeBeforeFirst: 11,
  cannotProcess: 12,
  parentFailed: 13,
  restartPosition: 39,
} as const;

/**
 * What the program says while it works. The core and the actions only emit; `ui/` decides who sees what, in which
 * words and on which stream.
 */
export type Event =
  /** Free text at a level of its own. `forced` texts are results: shown at any verbosity, on stdout. */
  | { readonly kind: 'error' | 'notice' | 'info' | 'debug' | 'forced'; readonly text: string }
  | {
      readonly kind: 'warning';
      readonly text: string;
      readonly code?: keyof typeof WARNINGS;
      readonly path?: BytePath;
      readonly time?: EpochSeconds;
    }
  /** A warning, too: something about what is stored. */
  | { readonly kind: 'collectionWarning'; readonly warning: CollectionWarning }
  /** The run ends with this. */
  | { readonly kind: 'failed'; readonly error: DuplicityError }
  | { readonly kind: 'interrupted'; readonly signal: string }
  /** What the action has found out, for those who take values (ui/results/report.ts knows their types). */
  | { readonly kind: 'result'; readonly action: string; readonly result: object }
  /** A backup stores this path. */
  | { readonly kind: 'fileNew' | 'fileChanged' | 'fileDeleted'; readonly path: BytePath }
  | { readonly kind: 'socketSkipped'; readonly path: BytePath }
  /** A restore writes this path. */
  | { readonly kind: 'restoring'; readonly path: BytePath; readonly type: FileType }
  /** What a salvage could not bring back whole. */
  | ({ readonly kind: 'salvaged' } & Verdict)
  /** A verification found that this path of the archive, or of what it is compared with, is another there. */
  | { readonly kind: 'difference'; readonly path: BytePath; readonly text: string }
  /** One line of list-current-files; what is optional is there for those who asked for details. */
  | ({
      readonly kind: 'listed';
      readonly path: BytePath;
      readonly type: FileType;
      readonly mtime: EpochSeconds;
      /** Of a regular file, as far as signatures tell it. */
      readonly size?: SizeRange | undefined;
    } & Partial<Omit<Metadata, 'type' | 'mtime' | 'size'>>)
  /** collection-status: text for people, data lines for machines. */
  | {
      readonly kind: 'collectionStatus';
      readonly text: string;
      readonly data: readonly string[];
      readonly forced: boolean;
    }
  /** collection-status: what changed in a set, or all sets that changed a file; a part of it when it is long. */
  | { readonly kind: 'changes'; readonly text: BytePath }
  /** The same as values, for those who take them: what the set of that time did to a path. */
  | {
      readonly kind: 'changedInSet';
      readonly set: EpochSeconds;
      readonly change: FileChange;
      readonly path: BytePath;
    }
  /** When the newest full backup was made; undefined when there is none. Said by all that look at sets. */
  | { readonly kind: 'lastFull'; readonly time: EpochSeconds | undefined }
  /** cleanup is about to delete these files. */
  | { readonly kind: 'cleaning'; readonly names: readonly string[] }
  /** Old sets that are not removed: newer ones build on them. */
  | { readonly kind: 'oldSetsKept'; readonly times: readonly EpochSeconds[] }
  /** The newest chain is old enough to be removed, and is not. */
  | { readonly kind: 'newestChainKept' }
  /** Chains that ended at these times are about to be removed, one step after the other. */
  | { readonly kind: 'removing'; readonly times: readonly EpochSeconds[] }
  | ({ readonly kind: 'removingStep' } & RemovedPart)
  /** Why a backup becomes a full one, and which of the rules for that cannot tell. */
  | { readonly kind: 'fullDue'; readonly due: FullDue }
  /** Which sets `prune` keeps; the others are about to be removed, if that was asked for. */
  | { readonly kind: 'pruning'; readonly report: PruneReport }
  /** A file of a set is copied, or would be in a dry run. */
  | { readonly kind: 'replicating'; readonly name: string }
  /** validate-backend has tried one thing, or could not clean up. A hint, what to do, follows what it is about. */
  | { readonly kind: 'checked'; readonly title: string; readonly isGood: boolean; readonly detail: string | undefined }
  | { readonly kind: 'checkHint'; readonly hint: string }
  | { readonly kind: 'trialLeft'; readonly what: string; readonly detail: string | undefined }
  /** Source bytes read so far (backup) or volume n of total (restore, verify). */
  | { readonly kind: 'progress'; readonly current: number; readonly total?: number }
  /** `--progress`. */
  | { readonly kind: 'backupProgress'; readonly state: ProgressState }
  /** Printed after a backup. */
  | { readonly kind: 'statistics'; readonly statistics: Readonly<BackupStatistics> }
  /** The result of verify. */
  | { readonly kind: 'verified'; readonly compared: number; readonly differences: number }
  | { readonly kind: 'uploading' | 'uploaded'; readonly name: string; readonly background: boolean };

/** Verbosity from which single files a backup stores are told of; below it nobody hears those events. */
export const FILES_LEVEL = 5;

/** What a step of a removal takes away: of one chain, or (`ahead`) of one set that is dated after now. */
export interface RemovedPart {
  readonly part: 'signatures' | 'backup';
  readonly scope: 'complete' | 'increments' | 'ahead';
  /** End time of the chain or set. */
  readonly end: EpochSeconds;
}

export type Emit = (event: Event) => void;
