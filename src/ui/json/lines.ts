import type { FileType } from '../../archive/entry.ts';
import type { Code } from '../../errors/codes.ts';
import type { WARNINGS } from '../../events/events.ts';

// The schema in docs/schema is made of these types: scripts/generate-schema.mjs. They may grow; what is there stays.

/** One line of `--json`. */
export type JsonLine = EventLine | LastLine;

/** What is said while an action works. */
export type EventLine = WarningLine | MessageLine | ProgressLine | UploadLine | FileLine | EntryLine | ChangesLine;

/** The last line of every run, and only that. */
export type LastLine = ResultLine | ErrorLine;

/** @asType integer @minimum 0 */
export type Count = number;

/** Seconds since 1970-01-01T00:00:00Z; some times have fractions. */
export type Epoch = number;

/** The same time in RFC 3339, UTC. Absent where the year has more than four digits. @format date-time */
export type Timestamp = string;

/** Which version of the format a line has. */
export interface Versioned {
  v: 1;
}

/** A path of a tree; its root is `.`. */
export interface PathFields {
  /** As text; what is not UTF-8 stands in it as U+FFFD. */
  path: string;
  /** The bytes of the path in base64, when it is not UTF-8. @contentEncoding base64 */
  pathBytes?: string;
}

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
}

/** A part of the table of `collection-status` with `--file-changed` or `--show-changes-in-set`. */
export interface ChangesLine extends Versioned {
  type: 'changes';
  text: string;
}

/** What each action finds out. */
export interface Results {
  full: NothingYet;
  incremental: NothingYet;
  backup: NothingYet;
  restore: NothingYet;
  verify: NothingYet;
  'list-current-files': NothingYet;
  'collection-status': StatusFields;
  cleanup: NothingYet;
  'remove-older-than': NothingYet;
  'remove-all-but-n-full': NothingYet;
  'remove-all-inc-of-but-n-full': NothingYet;
  replicate: NothingYet;
  'validate-backend': NothingYet;
  help: TextFields;
  version: TextFields;
}

type NothingYet = Record<string, never>;

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
  | ResultOf<'cleanup'>
  | ResultOf<'remove-older-than'>
  | ResultOf<'remove-all-but-n-full'>
  | ResultOf<'remove-all-inc-of-but-n-full'>
  | ResultOf<'replicate'>
  | ResultOf<'validate-backend'>
  | ResultOf<'help'>
  | ResultOf<'version'>;

interface ResultOf<Action extends keyof Results> extends Versioned {
  type: 'result';
  action: Action;
  /** Of the process; not 0 where the result is a bad one, such as differences that verify has found. */
  exitStatus: Count;
  /** What the action has found out. */
  result?: Results[Action];
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
}

/** Which set of an archive. */
export interface SetFields {
  /** `inc`: an increment, which builds on the set of the time `base`. */
  kind: 'full' | 'inc';
  time?: Timestamp;
  timeEpoch: Epoch;
  base?: Timestamp;
  baseEpoch?: Epoch;
}

/** A backup set as names and sizes tell of it. */
export interface SetStatusFields extends SetFields {
  volumes: Count;
  /** Bytes stored of it; absent where the store does not list the size of each file. */
  bytes?: Count;
  isEncrypted: boolean;
  isComplete: boolean;
}

export interface ChainFields {
  /** The next increment builds on it. */
  isActive: boolean;
  /** It is dated after now. */
  isAhead: boolean;
  start?: Timestamp;
  startEpoch: Epoch;
  end?: Timestamp;
  endEpoch: Epoch;
  /** In order, each builds on the one before. */
  sets: SetStatusFields[];
  /** Other increments of the same full backup. */
  beside: SetStatusFields[];
}

/** What is stored at a place, by time. */
export interface StatusFields {
  chains: ChainFields[];
  /** Increments that belong to no chain. */
  orphaned: SetStatusFields[];
  incomplete: SetStatusFields[];
  /** Names of files that belong to no set, in the store and in the archive dir. */
  stray: { remote: string[]; local: string[] };
  /** When the newest finished full backup was made; absent when there is none. */
  lastFull?: Timestamp;
  lastFullEpoch?: Epoch;
}
