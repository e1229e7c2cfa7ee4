import type { Count } from './common.ts';

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
