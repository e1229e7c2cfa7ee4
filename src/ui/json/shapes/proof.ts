import type { AmountFields, Count, Epoch, SetFields, Timestamp } from './common.ts';

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
