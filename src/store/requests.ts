import type { Rule } from '../selection/rules.ts';
import type { CallOptions, TimeInput } from './options.ts';
import type { PassphraseCallback } from './secrets.ts';
import type { PathInput } from './paths.ts';

/** Which entries are given. */
export interface EntriesRequest extends CallOptions {
  /** The state of which time; by default the newest. */
  readonly time?: TimeInput | undefined;
  /** It and what lies below it, relative to the root of the backup; by default all. */
  readonly path?: PathInput | undefined;
  /** Levels below `path`: 0 is it alone, 1 what lies in it, too. By default all. */
  readonly depth?: number | undefined;
}

/** As it was when. */
export interface ReadRequest extends CallOptions {
  /** The state of which time; by default the newest. */
  readonly time?: TimeInput | undefined;
}

/** What of a tree counts. */
export interface TreeRequest extends CallOptions {
  /** Rules in the order of the command line's options: the first that fits decides, and without one a path counts. */
  readonly select?: readonly Rule[] | undefined;
  /** What links lead to counts in place of the links. By default they are stored. */
  readonly copyLinks?: boolean | undefined;
  /** Owners are compared by number, not by name. */
  readonly numericOwner?: boolean | undefined;
}

/** What is backed up, and how. */
export interface BackupRequest extends TreeRequest {
  /** An absolute path. */
  readonly source: PathInput;
  /** `auto`, the default: an increment where there is something to build on, else a full backup. */
  readonly kind?: 'full' | 'incremental' | 'auto' | undefined;
  /** A full backup is made when the last one is from before this. */
  readonly fullIfOlderThan?: TimeInput | undefined;
  /** A full backup is made when the chain would hold more increments than this. */
  readonly fullIfChainLongerThan?: number | undefined;
  /** A full backup is made when more is stored of the increments: a share of the full one, or bytes. */
  readonly fullIfChainLargerThan?: { readonly percent: number } | { readonly bytes: number } | undefined;
  /** A full backup is made when to restore the chain would take more seconds, as far as that is known. */
  readonly fullIfRestoreLongerThan?: number | undefined;
  /** Bytes of a volume; by default 200 MiB. */
  readonly volumeSize?: number | undefined;
  /** Volumes on their way while the next is written; by default a few. 0: none. */
  readonly concurrency?: number | undefined;
  /** Whether a full backup takes volumes over from the last one; by default where the store copies them (`auto`). */
  readonly reuseVolumes?: 'auto' | 'never' | 'link' | 'copy' | undefined;
  /** Seconds for which volumes count as fresh that were made, or found to be right; by default half a year. */
  readonly reuseMaxAge?: number | undefined;
  /** An increment without changes is not written. */
  readonly skipUnchanged?: boolean | undefined;
  /** The last backup may be of another host or source. */
  readonly mayChangeSource?: boolean | undefined;
  /** An event for each path that is stored. */
  readonly announceFiles?: boolean | undefined;
  /** Nothing is written: it is only found out what would be. */
  readonly dryRun?: boolean | undefined;
}

/** What is restored, and to where. */
export interface RestoreRequest extends CallOptions {
  /** An absolute path. Directories above it are made. A single file goes into a directory that is there. */
  readonly to: PathInput;
  /** The state of which time; by default the newest. */
  readonly time?: TimeInput | undefined;
  /** By default all. */
  readonly path?: PathInput | undefined;
  /** Over what is there. */
  readonly overwrite?: boolean | undefined;
  /** Owners by the names in the backup, where this machine has those (the default), or by the numbers, or as of new files. */
  readonly owners?: 'names' | 'numbers' | 'new' | undefined;
  /** What is damaged is left out, with a warning. The restore still ends with INCOMPLETE. */
  readonly ignoreErrors?: boolean | undefined;
  /**
   * It goes on past damaged and missing files, and brings back what can be. What became of the rest is in the result, and no
   * failure.
   */
  readonly salvage?: boolean | undefined;
  /** Nothing is written: the volumes are found that it would take. */
  readonly dryRun?: boolean | undefined;
}

/** What is verified, and against what. */
export interface VerifyRequest extends TreeRequest {
  /** The absolute path of the tree that was backed up, or of another. */
  readonly against: PathInput;
  /** The state of which time; by default the newest. */
  readonly time?: TimeInput | undefined;
  /** By default all. */
  readonly path?: PathInput | undefined;
  /** Contents and metadata are compared, too. By default the volumes are read and checked against their hashes. */
  readonly compareData?: boolean | undefined;
  /** Damage is counted, and does not end it. */
  readonly ignoreErrors?: boolean | undefined;
}

/** What is removed: one of the three. The newest chain always stays. */
export type RemoveRequest = CallOptions & {
  /** Nothing is deleted: the plan is made. */
  readonly dryRun?: boolean | undefined;
} & (
    | {
        /** Chains that ended before this, unless newer sets build on them. */
        readonly olderThan: TimeInput;
      }
    | {
        /** All but this many of the newest full backups, with their increments. */
        readonly keepFulls: number;
      }
    | {
        /** The increments of all but this many of the newest full backups. */
        readonly keepIncrementsOf: number;
      }
  );

/**
 * Which sets are kept: those that any rule takes, and what they build on. The periods are those of the local time zone, weeks
 * begin on Monday.
 */
export interface PruneRequest extends DryRunOptions {
  readonly keep: {
    /** So many of the newest. */
    readonly last?: number | undefined;
    /** All made in so many seconds before the newest. */
    readonly withinSeconds?: number | undefined;
    /** The newest of each of the last so many hours that have one; and so on. */
    readonly hourly?: number | undefined;
    readonly daily?: number | undefined;
    readonly weekly?: number | undefined;
    readonly monthly?: number | undefined;
    readonly yearly?: number | undefined;
  };
  /** Increments that stay only because others build on them become one, as with `squash`. */
  readonly squash?: Pick<SquashRequest, 'volumeSize' | 'concurrency'> | undefined;
}

/** What is proven. By default all of it. */
export interface CheckRequest extends DryRunOptions {
  /** Of what is stored, 0 to 100: that first which has gone unproven for longest. */
  readonly percent?: number | undefined;
  /** Bytes that are read at most; one file at least is. */
  readonly budget?: number | undefined;
  /** Only what was not proven since then. */
  readonly notProvenSince?: TimeInput | undefined;
  /** Only the sets that the state of this time is restored from. */
  readonly time?: TimeInput | undefined;
  /** Bytes are fetched also where the place tells a checksum of them. */
  readonly readData?: boolean | undefined;
  /** Sets that have vanished were removed on purpose, by another machine: that is noted. */
  readonly forgetMissing?: boolean | undefined;
  /** Contents are decoded and compared with the signatures. Needs the key, and reads all. */
  readonly deep?: boolean | undefined;
}

/** What is looked at besides the place. */
export interface DoctorRequest extends CallOptions {
  /** The directory that is to be backed up. Absolute. */
  readonly source?: string | undefined;
  /** Bytes of a volume; by default 200 MiB. */
  readonly volumeSize?: number | undefined;
}

/** What is restored on trial. */
export interface DrillRequest extends TreeRequest {
  /** The absolute path of the tree that was backed up: what has not changed there since is compared. */
  readonly source?: PathInput | undefined;
  /** How many files; by default ten. */
  readonly files?: number | undefined;
  /** Bytes of content at most, but one file at least; by default 1 GiB. */
  readonly bytes?: number | undefined;
  /** The newest backup must not be from before this. By default the ledger of the archive dir tells which is the newest. */
  readonly expectAfter?: TimeInput | undefined;
  /** That of an earlier drill chooses the same files. By default others each time. */
  readonly seed?: number | undefined;
}

/** Of what damaged and missing files are made again, beside what the store holds itself. */
export interface RepairRequest extends DryRunOptions {
  /** The absolute path of the tree that was backed up: files of it that are as they were then. */
  readonly source?: PathInput | undefined;
  /** The URL of a place that holds the same backup. It is only read. */
  readonly from?: string | undefined;
}

/** What is copied. */
export interface ReplicateRequest extends DryRunOptions {
  /** The URL of the place to copy from. It is read with the passphrase and keys of the store, and only read. */
  readonly from: string;
  /** Only backup sets from before this. */
  readonly before?: TimeInput | undefined;
  /** Copies uploaded while others are made; by default one. */
  readonly concurrency?: number | undefined;
}

/** Which increments become one, and how it is packed. */
export interface SquashRequest extends DryRunOptions {
  /** The newest backup up to this stays, and the increments behind it become one, */
  readonly from: TimeInput;
  /** up to the newest backup up to this, whose state stays, too. */
  readonly to: TimeInput;
  /** Bytes of a volume; by default 200 MiB. */
  readonly volumeSize?: number | undefined;
  /** Volumes on their way while the next is written; by default a few. 0: none. */
  readonly concurrency?: number | undefined;
}

/** What is kept at a second place. */
export interface MirrorRequest extends DryRunOptions {
  /** The URL of the second place. It is made when it is not there. */
  readonly to: string;
  /** Only backup sets from before this are sent. */
  readonly before?: TimeInput | undefined;
  /** Sets that are gone from the store are deleted there. Never the last chain, and nothing where the store is empty or damaged. */
  readonly deletes?: boolean | undefined;
  /** Sets are deleted there even if they are newer than all of the store, and files sent even if they are shorter. */
  readonly force?: boolean | undefined;
  /** Files uploaded while others are fetched; by default one. */
  readonly concurrency?: number | undefined;
}

/** For calls that can also only look. */
export interface DryRunOptions extends CallOptions {
  /** Nothing is written or deleted: it is only found out what would be. */
  readonly dryRun?: boolean | undefined;
}

/** Who is to open the backup, and who is not any more. */
export interface RekeyRequest extends DryRunOptions {
  /** Public keys in whatever words gpg takes. */
  readonly addKeys?: readonly string[] | undefined;
  readonly newPassphrase?: PassphraseCallback | undefined;
  /** Keys; `passphrase`, `hidden` and `all` stand for what the files do not name, and for everything old. */
  readonly drop?: readonly string[] | undefined;
  /** Adds and drops in one pass: until it is done both are needed. */
  readonly atOnce?: boolean | undefined;
}
