import type { VolumeRecord } from '../../archive/manifest/manifest.ts';
import type { SetId } from '../../collections/sets.ts';
import type { BytePath } from '../../util/bytepath.ts';
import type { EpochSeconds } from '../../util/time.ts';

/** Something that is not as it was stored. */
export interface Damage {
  /**
   * `missing`: a file, or a whole set, is not there, or cannot be fetched. `changed`: it holds other bytes than its
   * manifest says, or what it holds cannot be right. `differs`: the store and the archive dir do not tell the same.
   */
  readonly kind: 'missing' | 'changed' | 'differs';
  /** `set`: more than one file of it. */
  readonly part: 'volume' | 'manifest' | 'signatures' | 'set';
  readonly place: 'remote' | 'local';
  /** Where nothing of that name is there, as it would be called. Of a whole set its manifest. */
  readonly file: string;
  readonly set: SetId;
  /** What was found. */
  readonly reason: string;
  /** What the file holds of the backup, as far as that is known: both ends, and what lies between. */
  readonly lost: PathRange | undefined;
  /** What can be done. */
  readonly remedy: string;
}

export interface PathRange {
  readonly from: BytePath;
  readonly to: BytePath;
}

export function rangeOf({ start, end }: VolumeRecord): PathRange {
  return { from: start.path, to: end.path };
}

/** A file of which nothing but its name and size is known to be right, and why. */
export interface Unproven {
  readonly file: string;
  readonly set: SetId;
  /** `needsKey`: it, or the manifest that tells its hash, cannot be decrypted here. `noHash`: the manifest tells none. */
  readonly why: 'needsKey' | 'noHash';
}

export interface Amount {
  readonly files: number;
  /** As listed. */
  readonly bytes: number;
}

/** What a check has found. */
export interface CheckReport {
  /** Finished sets that were looked at. */
  readonly sets: number;
  readonly damage: readonly Damage[];
  /** Read and found right in this run; of a dry run: what would be read. */
  readonly now: Amount;
  /** Those of `now` whose bytes were not fetched, because the store told their checksum. */
  readonly byChecksum: Amount;
  /** Proven in an earlier run, and not in this one. */
  readonly before: Amount;
  /** Could be proven, and never was. */
  readonly never: Amount;
  /** The longest time ago that any file was proven which is not in `never`. */
  readonly oldest: EpochSeconds | undefined;
  readonly unproven: readonly Unproven[];
  /** Sets that were removed while this ran. */
  readonly removed: readonly SetId[];
  /** Sets that were interrupted, or of which something is left over: no backups. */
  readonly unfinished: readonly SetId[];
  /** Contents were decoded and compared with the signatures. */
  readonly isDeep: boolean;
  /** A dry run: nothing was read. */
  readonly isPlanned: boolean;
}
