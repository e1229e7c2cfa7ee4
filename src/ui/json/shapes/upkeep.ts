import type { Held } from '../../../collections/prune/candidates.ts';
import type { PruneRule } from '../../../collections/prune/policy.ts';
import type { Count, Epoch, SetFields, TimeFields, Timestamp } from './common.ts';

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
