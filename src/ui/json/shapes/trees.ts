import type { FileChange } from '../../../archive/manifest/manifest.ts';
import type { Count, Epoch, PathFields, SetFields, StateFields, Timestamp } from './common.ts';
import type { LostFields } from './proof.ts';

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

/** Of `--show-changes-in-set`; the changes are lines of their own. No sets: no chain is active. */
export interface ChangesFields {
  sets: SetFields[];
}

/** Of `--file-changed`. */
export interface HistoryFields extends PathFields {
  /** By time. */
  changes: (SetFields & { change: FileChange })[];
}
