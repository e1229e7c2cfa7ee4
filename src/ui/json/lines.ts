import type { FileType } from '../../archive/entry.ts';
import type { FileChange } from '../../archive/manifest/manifest.ts';
import type { Held } from '../../collections/prune/candidates.ts';
import type { PruneRule } from '../../collections/prune/policy.ts';
import type { Code } from '../../errors/codes.ts';
import type { WARNINGS } from '../../events/events.ts';

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

/** What became of a path that did not come back whole. */
export interface VerdictFields extends PathFields {
  /**
   * `older`: it is there as an earlier backup has it. `partial`: some of its bytes are there, under its name with `.partial`
   * behind it. `lost`: nothing is.
   */
  fate: 'older' | 'partial' | 'lost';
  /** When what is there was backed up. */
  time?: Timestamp;
  timeEpoch?: Epoch;
  /** Of a partial file: the bytes that are right, from the first up to the one before `to`. All others are zero. */
  ranges?: { from: Count; to: Count }[];
  /** Of a partial file: its bytes. It may have had more. */
  size?: Count;
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

/** Of the set whose state was taken. */
interface StateFields {
  time?: Timestamp;
  timeEpoch: Epoch;
}

export interface RestoreFields extends StateFields {
  /** `planned`: a dry run. `salvaged`: with `--salvage`. */
  kind: 'restored' | 'planned' | 'salvaged';
  /** How many were written, directories too. */
  entries: Count;
  /** Names of the files in the store that are needed for it. */
  volumes: string[];
  /** Of `--salvage`. */
  salvage?: SalvageFields;
}

/** What a salvage has brought back, and what not. */
export interface SalvageFields {
  /** Paths that are as they were. */
  whole: Count;
  older: Count;
  partial: Count;
  lost: Count;
  /** Those that are not, as far as they are known. */
  notWhole: VerdictFields[];
  /** Files of the store that are lost, and of which nothing tells what they held: paths between two, or any. */
  unknown: ({ file: string; set: SetFields } & Partial<LostFields>)[];
  /** Files of the store that are damaged or missing. */
  damage: { file: string; set: SetFields; reason: string }[];
}

export interface VerifyFields extends StateFields {
  compared: Count;
  differences: Count;
  /** What could not be read, where that is no failure. */
  damaged: Count;
}

export interface ListFields extends StateFields {
  entries: Count;
}

/** What `check` has found. */
export interface CheckReportFields {
  /** There is no damage; not that everything was read. */
  isSound: boolean;
  /** Finished sets that were looked at. */
  sets: Count;
  damage: DamageFields[];
  /** Found right in this run; of a dry run: what would be read. */
  now: AmountFields;
  /** Those of `now` that were not fetched, because the store told their checksum. */
  byChecksum: AmountFields;
  /** Found right in an earlier run, and not looked at in this one. */
  before: AmountFields;
  /** Could be proven, and never was. */
  never: AmountFields;
  /** When that was proven which has gone unproven for longest. */
  oldest?: Timestamp;
  oldestEpoch?: Epoch;
  /** Files of which nothing but name and size could be looked at. */
  unproven: { file: string; set: SetFields; why: 'needsKey' | 'noHash' }[];
  /** Sets that were removed meanwhile. */
  removed: SetFields[];
  /** Interrupted sets: no backups. */
  unfinished: SetFields[];
  /** Contents were decoded and compared with the signatures. */
  isDeep: boolean;
  isPlanned: boolean;
}

/** What `drill` has found. */
export interface DrillFields {
  /** A restore would have succeeded, as far as it was tried. */
  isPassed: boolean;
  failures: DrillFailureFields[];
  /** Whose state was restored; missing where none could be. */
  set?: SetFields;
  /** Seconds since that set. */
  age?: number;
  /** When the set was made that has to be there at least, and what tells that. */
  expected?: Timestamp;
  expectedEpoch?: Epoch;
  expectedBy?: 'ledger' | 'option';
  /** The whole listing; the rest only where there was a source to compare with. */
  listing: DrilledListingFields;
  files: DrilledFilesFields;
  /** With it the same files are chosen again. */
  seed: Count;
  /** That the drill took. */
  seconds: number;
  /** Bytes of volumes that were read for the files. */
  read: Count;
  bytesPerSecond?: number;
  /** Bytes of all volumes of the state, and the seconds that to restore it would take. */
  toRestore?: Count;
  restoreSeconds?: number;
}

export interface DrilledListingFields {
  entries: Count;
  asInSource?: Count;
  changedSince?: Count;
  onlyInSource?: Count;
}

/** Files that were restored, and what became of them. */
export interface DrilledFilesFields {
  restored: Count;
  bytes: Count;
  asInSource: Count;
  asSigned: Count;
  changedSince: Count;
  ofNewestSet: Count;
}

export interface DrillFailureFields {
  what: string;
  /** What can be done. */
  hint: string;
  path?: string;
  /** @contentEncoding base64 */
  pathBytes?: string;
}

/** What `repair` has made again, and what not. */
export interface RepairFields {
  /** Finished sets that were looked at. */
  sets: Count;
  repaired: (RepairedFile & {
    /**
     * Of what: `copy`, at the other place; `source`, files that are as they were; `volumes`, of that set and those before;
     * `archiveDir`, the copy there. `dropped`: a wrong copy in the archive dir is gone.
     */
    by: 'copy' | 'source' | 'volumes' | 'archiveDir' | 'dropped';
  })[];
  left: (RepairedFile & { reason: string })[];
  /** The store was looked at again afterwards. */
  isProven: boolean;
  /** A dry run: what would be done. */
  isPlanned: boolean;
}

export interface RepairedFile {
  file: string;
  set: SetFields;
  part: 'volume' | 'manifest' | 'signatures' | 'set';
  /** `local`: in the archive dir. */
  place: 'remote' | 'local';
}

/** Something that is not as it was stored. */
export interface DamageFields {
  /** `differs`: the store and the archive dir do not tell the same. */
  kind: 'missing' | 'changed' | 'differs';
  part: 'volume' | 'manifest' | 'signatures' | 'set';
  /** `local`: in the archive dir. */
  place: 'remote' | 'local';
  file: string;
  set: SetFields;
  /** What was found. */
  reason: string;
  /** The first and the last path that the file holds; the root is empty. */
  lost?: LostFields;
  /** What can be done. */
  remedy: string;
}

export interface LostFields {
  from: string;
  /** @contentEncoding base64 */
  fromBytes?: string;
  to: string;
  /** @contentEncoding base64 */
  toBytes?: string;
}

export interface AmountFields {
  files: Count;
  bytes: Count;
}

/** What is wrong with profiles, of `profile check`. */
export interface ProfileCheckFields {
  kind: 'checked';
  /** There are no problems. Warnings are none. */
  isSound: boolean;
  profiles: { name: string; file: string }[];
  problems: ProfileProblemFields[];
  warnings: ProfileProblemFields[];
}

export interface ProfileProblemFields {
  file: string;
  /** From 1. */
  line: Count;
  column: Count;
  text: string;
  hint?: string;
}

/** What is in force, of `profile show`. */
export interface ProfileShowFields {
  kind: 'shown';
  name: string;
  file: string;
  /** The file it inherits from. */
  defaults?: string;
  /** The directory that is backed up. */
  source: string;
  /** As written, with the place of each. */
  values: { key: string; value: unknown; file: string; line: Count; column: Count }[];
  /** What a backup comes to at each store; a word that is not UTF-8 has U+FFFD. */
  stores: { name: string; url: string; words: string[]; commandLine: string }[];
}

/** A profile that was written or printed, of `profile new` and `profile import`. */
export interface ProfileTextFields {
  kind: 'written' | 'imported';
  /** Where it was written. */
  file?: string;
  text: string;
  /** What could not be taken over, or is left to do. */
  notes: string[];
}

export interface CleanupFields {
  /** Names of files that belong to no complete set. */
  files: string[];
  /** They are gone. Without `--force` they are found only. */
  isRemoved: boolean;
}

/** Which chains are old enough, and what goes with them. */
export interface RemoveFields {
  /** When those chains ended. */
  chains: TimeFields[];
  /** In this order. */
  steps: RemovalStepFields[];
  /** Old sets that stay, because newer ones build on them. */
  keptSets: TimeFields[];
  /** The newest chain is old enough, too, and stays. */
  keepsOldNewest: boolean;
  /** They are gone. Without `--force` they are found only. */
  isRemoved: boolean;
}

export interface RemovalStepFields {
  part: 'signatures' | 'backup';
  /** `ahead`: sets dated after now, of a chain that stays. */
  scope: 'complete' | 'increments' | 'ahead';
  end?: Timestamp;
  endEpoch: Epoch;
  files: { place: 'local' | 'remote'; name: string }[];
}

export interface TimeFields {
  time?: Timestamp;
  timeEpoch: Epoch;
}

/** Which sets a policy keeps. */
export interface PruneFields {
  /** All that are there, by time. */
  sets: PrunedSetFields[];
  /** Those that go, in order of deletion. */
  removed: SetFields[];
  /** Bytes stored of those; absent where the store does not list the size of each file. */
  freedBytes?: Count;
  /** They are gone. Without `--force` they are found only. */
  isRemoved: boolean;
  /** Increments that became one, or would, with `--squash`. */
  squashes: SquashFields[];
}

/** A set and what becomes of it. */
export interface PrunedSetFields extends SetFields {
  volumes: Count;
  /** Bytes stored of it; absent where the store does not list the size of each file. */
  bytes?: Count;
  /**
   * `wanted`: rules take it. `needed`: another that stays builds on it. `held`: no rule is asked about it, `why` tells.
   */
  plan: 'wanted' | 'needed' | 'held' | 'removed';
  /** The rules that take a wanted one, and which of theirs it is, the newest being 1. */
  reasons?: { rule: PruneRule; number: Count; isOldest: boolean }[];
  /** The set that builds on a needed one, the next of those that stay. */
  neededBy?: Timestamp;
  neededByEpoch?: Epoch;
  why?: Held;
  /** When one that stays would go, if backups go on as they have lately; absent when that is not in sight. */
  until?: Timestamp;
  untilEpoch?: Epoch;
  /** What is deleted of one that goes, in this order. */
  files?: { place: 'local' | 'remote'; name: string }[];
}

export interface ReplicateFields {
  /** How many sets of the origin are old enough. */
  found: Count;
  /** Those of which something was lacking. */
  copied: SetFields[];
  /** A dry run: they would be copied. */
  isPlanned: boolean;
}

/** Increments that became one, or would. */
export interface SquashFields {
  /** The one. */
  set: SetFields;
  /** Those that it takes the place of, oldest first; none where there is nothing between. */
  squashed: SetFields[];
  /** Sets of which an earlier squash that was interrupted had left something. */
  leftovers: SetFields[];
  /** Stored of those; absent where the store does not list the size of each file. */
  bytesBefore?: Count;
  /** Stored of the one; before it is there an estimate, absent where none can be made. */
  bytesAfter?: Count;
  /** It is there, and those are gone. Without `--force` they are found only. */
  isDone: boolean;
}

export interface MirrorFields {
  /** How many complete sets the first place has that are old enough. */
  found: Count;
  /** Those of which something was lacking at the second, and what was sent. */
  copied: (SetFields & {
    files: Count;
    bytes: Count;
    /** Volumes whose hash was compared with the manifest on their way: it could be read. */
    verified: Count;
  })[];
  /** Complete sets that are only at the second place, and stay. */
  onlyThere: SetFields[];
  /** Sets that were deleted there, complete or not. */
  deleted: SetFields[];
  /** A dry run: this would be done. */
  isPlanned: boolean;
}

export interface RolesFields {
  scheme: string;
  roles: RolePolicyFields[];
}

/** The least rights of one role. */
export interface RolePolicyFields {
  role: RoleName;
  purpose: string;
  needs: Record<RightName, NeedFields>;
  /** Texts for configurations, or commands. */
  policies: { where: string; text: string }[];
  notes: string[];
}

export type RoleName = 'backup' | 'keeper' | 'pruner' | 'restorer';
export type RightName = 'list' | 'read' | 'store' | 'overwrite' | 'delete';
export type NeedFields = 'must' | 'may' | 'must not';

/** Of `roles --check`. */
export interface RoleCheckFields {
  role: RoleName;
  /** Nothing is too much or too little, as far as it could be tried. */
  isRight: boolean;
  trials: TrialFields[];
  /** A name that was stored and could not be deleted. */
  left?: string;
}

export interface TrialFields {
  right: RightName;
  need: NeedFields;
  found: 'allowed' | 'refused' | 'unknown';
  verdict: 'right' | 'too little' | 'too much' | 'unknown';
  detail?: string;
}

export interface DoctorFields {
  /** Nothing was found that would stop a backup. */
  isFit: boolean;
  findings: FindingFields[];
}

export interface FindingFields {
  /** In a word, such as `store`. */
  about: string;
  /** `trouble` would stop a backup. */
  state: 'ok' | 'warning' | 'trouble';
  text: string;
  /** What can be done. */
  hint?: string;
}

/** Which sets other keys open now. */
export interface RekeyFields {
  /** Complete sets that are encrypted. */
  found: Count;
  /** Those of which files were replaced, or would be: once for each pass. */
  rekeyed: (SetFields & { files: Count; bytes: Count })[];
  /** Sets that are not encrypted, and stay as they are. */
  plain: SetFields[];
  /** Sets that were never finished, and stay as they are. */
  unfinished: SetFields[];
  /** How often all files are sent. */
  passes: Count;
  /** A dry run. */
  isPlanned: boolean;
}

/** What restores a backup without this program. */
export interface RecoveryFields {
  /** Without the password that it may hold. */
  url: string;
  /** Of the newest chain: a full backup and its increments. */
  sets: RecoverySetFields[];
  /** Full backups of the chains before, the newest first. */
  earlier: { time?: Timestamp; timeEpoch: Epoch }[];
  /** A passphrase opens it. */
  passphrase: boolean;
  keys: RecoveryKeyFields[];
  /** Keys whose ids the files do not tell. */
  hiddenKeys: Count;
  /** Text for paper. */
  sheet: string;
  /** A POSIX shell script. */
  script: string;
}

export interface RecoverySetFields extends SetFields {
  volumes: Count;
  bytes?: Count;
  /** The name of its manifest. */
  manifest: string;
}

/** A key that opens a backup. */
export interface RecoveryKeyFields {
  /** Of the encryption key, as the files name it. */
  id: string;
  /** Of the main key it belongs to, where the key ring knows it. */
  fingerprint?: string;
  user?: string;
}

export interface ValidateFields {
  checks: CheckFields[];
  /** What the kind of place promises; no check can prove it. */
  guarantees: {
    /** An upload that is cut off leaves nothing under its name. */
    atomicPut: boolean;
    /** The listing shows at once what has been stored and deleted. */
    consistentList: boolean;
  };
  /** The place can hold backups. */
  isGood: boolean;
}

export interface CheckFields {
  title: string;
  isGood: boolean;
  /** What is wrong, or more of what was found. */
  detail?: string;
  hint?: string;
  code?: Code;
}

/** Of `--show-changes-in-set`; the changes are lines of their own. No sets: no chain is active. */
export interface ChangesFields {
  sets: SetFields[];
}

/** Of `--file-changed`. */
export interface HistoryFields extends PathFields {
  /** By time. */
  changes: (SetFields & { change: FileChange })[];
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
  /** Of this archive dir; absent when there was none. */
  lastDrill?: LastDrillFields;
}

export interface LastDrillFields {
  time?: Timestamp;
  timeEpoch: Epoch;
  isPassed: boolean;
  /** Seconds between it and the backup that it restored. */
  age?: number;
  /** That to restore all would have taken. */
  restoreSeconds?: number;
}
