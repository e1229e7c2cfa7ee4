import type { Count, Epoch, SetFields, Timestamp } from './common.ts';

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
