import type { Count, Epoch, SetFields, Timestamp } from './common.ts';

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
