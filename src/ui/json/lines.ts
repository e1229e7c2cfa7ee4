import type { FileType } from '../../archive/entry.ts';
import type { FileChange } from '../../archive/manifest/manifest.ts';
import type { Code } from '../../errors/codes.ts';
import type { WARNINGS } from '../../events/events.ts';
import type { DoctorFields, RoleCheckFields, RolesFields, ValidateFields } from './shapes/access.ts';
import type { BackupFields } from './shapes/backup.ts';
import type { Count, Epoch, PathFields, Timestamp, Versioned } from './shapes/common.ts';
import type { ProfileCheckFields, ProfileShowFields, ProfileTextFields } from './shapes/profile.ts';
import type { CheckReportFields, DrillFields, RepairFields } from './shapes/proof.ts';
import type { RecoveryFields } from './shapes/recovery.ts';
import type { StatusFields } from './shapes/status.ts';
import type {
  ChangesFields,
  HistoryFields,
  ListFields,
  RestoreFields,
  VerdictFields,
  VerifyFields,
} from './shapes/trees.ts';
import type {
  CleanupFields,
  MirrorFields,
  PruneFields,
  RekeyFields,
  RemoveFields,
  ReplicateFields,
  SquashFields,
} from './shapes/upkeep.ts';

// The schema in docs/schema is made of these types: scripts/generate-schema.mjs. They may grow; what is there stays.

/** One line of `--json`. */
export type JsonLine = EventLine | LastLine;

/** What is said while an action works. */
export type EventLine =
  | WarningLine
  | MessageLine
  | ProgressLine
  | UploadLine
  | FileLine
  | EntryLine
  | DifferenceLine
  | VerdictLine
  | ChangeLine;

/** The last line of every run, and only that. */
export type LastLine = ResultLine | ErrorLine;

/** Something is not as it should be, but the action goes on. */
export interface WarningLine extends Versioned, Partial<PathFields> {
  type: 'warning';
  /** What kind of warning; `generic` for those without a name. */
  code: keyof typeof WARNINGS;
  text: string;
  time?: Timestamp;
  timeEpoch?: Epoch;
}

/** A message for people. */
export interface MessageLine extends Versioned {
  type: 'notice' | 'info' | 'debug';
  text: string;
}

/** How far the action is. Which of the fields there are depends on the action. */
export interface ProgressLine extends Versioned {
  type: 'progress';
  /** Bytes of the source that are done. */
  bytes?: Count;
  /** The number of the volume that is being read, and how many there are. */
  volume?: Count;
  volumes?: Count;
  /** 0 to 100. */
  percent?: number;
  elapsedSeconds?: number;
  /** As estimated. */
  secondsLeft?: number;
  bytesPerSecond?: number;
  /** Nothing has moved for a while. */
  isStalled?: boolean;
}

/** A file is being sent to the store, or has arrived there. */
export interface UploadLine extends Versioned {
  type: 'upload';
  state: 'started' | 'finished';
  /** Its name in the store. */
  name: string;
  isInBackground: boolean;
}

/** A backup stores a path, or a restore writes it. */
export interface FileLine extends Versioned, PathFields {
  type: 'file';
  change: 'new' | 'changed' | 'deleted' | 'skipped' | 'restored';
  fileType?: FileType;
}

/** A path of a backup, of `list-current-files`. */
export interface EntryLine extends Versioned, PathFields {
  type: 'entry';
  fileType: FileType;
  mtime?: Timestamp;
  mtimeEpoch: Epoch;
  /** Permission bits, as a number. */
  mode?: Count;
  uid?: Count;
  gid?: Count;
  /** Absent where the archive has no name. */
  user?: string;
  group?: string;
  /** Of a regular file, as far as signatures tell it. */
  size?: { least: Count; most: Count };
  /** Of a symbolic link. */
  linkTarget?: string;
  /** @contentEncoding base64 */
  linkTargetBytes?: string;
  /** Of a device. */
  major?: Count;
  minor?: Count;
}

/** verify has found that a path differs. */
export interface DifferenceLine extends Versioned, PathFields {
  type: 'difference';
  text: string;
}

/** `restore --salvage` could not bring a path back whole. */
export interface VerdictLine extends Versioned, VerdictFields {
  type: 'verdict';
}

/** What a set did to a path, of `collection-status --show-changes-in-set`. */
export interface ChangeLine extends Versioned, PathFields {
  type: 'change';
  change: FileChange;
  /** Of the set. */
  time?: Timestamp;
  timeEpoch: Epoch;
}

/** What each action finds out. */
export interface Results {
  full: BackupFields;
  incremental: BackupFields;
  backup: BackupFields;
  restore: RestoreFields;
  verify: VerifyFields;
  'list-current-files': ListFields;
  'collection-status': StatusFields | ChangesFields | HistoryFields;
  check: CheckReportFields;
  repair: RepairFields;
  cleanup: CleanupFields;
  'remove-older-than': RemoveFields;
  'remove-all-but-n-full': RemoveFields;
  'remove-all-inc-of-but-n-full': RemoveFields;
  prune: PruneFields;
  replicate: ReplicateFields;
  squash: SquashFields;
  mirror: MirrorFields;
  doctor: DoctorFields;
  drill: DrillFields;
  'recovery-kit': RecoveryFields;
  roles: RolesFields | RoleCheckFields;
  rekey: RekeyFields;
  'validate-backend': ValidateFields;
  profile: ProfileCheckFields | ProfileShowFields | ProfileTextFields;
  help: TextFields;
  version: TextFields;
}

export interface TextFields {
  text: string;
}

export type ActionName = Exclude<keyof Results, 'help' | 'version'>;

/** The action is done. */
export type ResultLine =
  | ResultOf<'full'>
  | ResultOf<'incremental'>
  | ResultOf<'backup'>
  | ResultOf<'restore'>
  | ResultOf<'verify'>
  | ResultOf<'list-current-files'>
  | ResultOf<'collection-status'>
  | ResultOf<'check'>
  | ResultOf<'repair'>
  | ResultOf<'cleanup'>
  | ResultOf<'remove-older-than'>
  | ResultOf<'remove-all-but-n-full'>
  | ResultOf<'remove-all-inc-of-but-n-full'>
  | ResultOf<'prune'>
  | ResultOf<'replicate'>
  | ResultOf<'squash'>
  | ResultOf<'mirror'>
  | ResultOf<'doctor'>
  | ResultOf<'drill'>
  | ResultOf<'recovery-kit'>
  | ResultOf<'roles'>
  | ResultOf<'rekey'>
  | ResultOf<'validate-backend'>
  | ResultOf<'profile'>
  | ResultOf<'help'>
  | ResultOf<'version'>;

interface ResultOf<Action extends keyof Results> extends Versioned {
  type: 'result';
  action: Action;
  /** Of the process; not 0 where the result is a bad one, such as differences that verify has found. */
  exitStatus: Count;
  /** What the action has found out. */
  result: Results[Action];
}

/** The action has failed, or was ended by a signal. */
export interface ErrorLine extends Versioned {
  type: 'error';
  /** Absent when the command line could not be understood. */
  action?: ActionName;
  /** Of the process. */
  exitStatus: Count;
  /** A stable word: docs/exit-codes.md. */
  code: Code | 'INTERRUPTED';
  message: string;
  /** What can be done about it. */
  hint?: string;
  /** Which signal has ended the run. */
  signal?: string;
  /** Of an action that has done its work and fails all the same, as with `--strict`. */
  result?: Results[ActionName];
}
