import type { Path } from './tree.ts';

/** A place in a profile, for people: lines and columns count from 1. */
export interface At {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One thing that is wrong, or odd, in a profile. */
export interface Problem {
  readonly at: At;
  /** The key it is about, where that is known. */
  readonly path?: Path;
  /** One sentence, never with a secret in it. */
  readonly text: string;
  /** What to do. */
  readonly hint?: string | undefined;
}

/** `FILE:LINE:COLUMN: what. What to do.` */
export function problemText({ at, text, hint }: Problem): string {
  return `${at.file}:${at.line}:${at.column}: ${text}${hint === undefined ? '' : ` ${hint}`}`;
}
