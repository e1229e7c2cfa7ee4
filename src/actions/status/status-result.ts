import type { BackupChain } from '../../collections/chains.ts';
import { type Collection, lastFullTime } from '../../collections/collection.ts';
import { bytesBySet } from '../../collections/set-bytes.ts';
import { type BackupSet, hasVolumes, idOf, type SetId } from '../../collections/sets.ts';
import type { DrillRecord } from '../drill/record.ts';
import type { EpochSeconds } from '../../util/time.ts';

/** A backup set as names and the listing tell of it. */
export interface SetStatus extends SetId {
  /** How many are there. */
  readonly volumes: number;
  /**
   * Stored of it on the remote, signatures and metadata included. undefined where the store does not list the size of each
   * of its files.
   */
  readonly bytes: number | undefined;
  readonly isEncrypted: boolean;
  /** Finished, and none of its files is known to be missing or cut off. */
  readonly isComplete: boolean;
}

/** A full backup and its increments. */
export interface ChainStatus {
  /** The next increment builds upon it. */
  readonly isActive: boolean;
  /** Its full is dated after now: the clock was wrong when it was made. */
  readonly isAhead: boolean;
  readonly start: EpochSeconds;
  /** Also of a newest set whose signatures are missing. */
  readonly end: EpochSeconds;
  /** In order, each builds upon the one before. */
  readonly sets: readonly SetStatus[];
  /** Other increments of the same full: a chain has no room for two with the same base. */
  readonly beside: readonly SetStatus[];
}

/** What is stored at a place. Everything is in the order of time. */
export interface StatusResult {
  /** Those dated after now last. */
  readonly chains: readonly ChainStatus[];
  /** Increments that belong to no chain. */
  readonly orphaned: readonly SetStatus[];
  /** Sets without manifest, and the newest set of the active chain when no signatures exist for it. */
  readonly incomplete: readonly SetStatus[];
  /** Names of files that belong to no set, or of which nothing more can come. */
  readonly stray: { readonly remote: readonly string[]; readonly local: readonly string[] };
  /** When the newest finished full backup was made. */
  readonly lastFull: EpochSeconds | undefined;
  /** The last drill of this archive dir. */
  readonly lastDrill?: DrillRecord | undefined;
}

/** `sizeOf`: bytes of a remote file, as far as it is listed with them. */
export function statusOf(
  collection: Collection,
  sizeOf: (name: string) => number | undefined = () => undefined,
): StatusResult {
  const bytesOf = bytesBySet(collection, sizeOf);
  const statusOfSet = (set: BackupSet): SetStatus => ({
    ...idOf(set),
    volumes: set.volumes.size,
    bytes: bytesOf(set),
    isEncrypted: set.encrypted,
    isComplete: set.isComplete && !set.isPartial && hasVolumes(set),
  });
  const statusOfChain = (chain: BackupChain): ChainStatus => ({
    isActive: chain === collection.active?.chain,
    isAhead: collection.ahead.includes(chain),
    start: chain.start,
    end: chain.end,
    sets: chain.sets.map(statusOfSet),
    beside: chain.beside.map(statusOfSet),
  });
  const { orphanedSignatures, strayStatistics, staleParts } = collection;
  return {
    chains: [...collection.chains, ...collection.ahead].map(statusOfChain),
    orphaned: collection.orphaned.map(statusOfSet),
    incomplete: collection.incomplete.map(statusOfSet),
    stray: {
      remote: [...orphanedSignatures.remote, ...strayStatistics],
      local: [...new Set([...orphanedSignatures.local, ...staleParts])],
    },
    lastFull: lastFullTime(collection),
  };
}
