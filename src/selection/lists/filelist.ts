import type { Sense } from '../rules.ts';
import { listLines, unquote } from './list-lines.ts';

export interface FilelistLine {
  readonly sense: Sense;
  readonly pattern: string;
  /** In the list, from 1. */
  readonly number: number;
}

interface Filelist {
  /** What messages call it. */
  readonly name: string;
  readonly content: Buffer;
  readonly sense: Sense;
}

/**
 * The conditions of a filelist, in order. White space around a line goes; blank lines and comments are skipped; a sign
 * (`+ `, `- `) overrides the list's sense; one pair of quotes around the rest goes last, so that it protects blanks.
 */
export function parseFilelist({ name, content, sense }: Filelist, nullSeparator: boolean): FilelistLine[] {
  const lines: FilelistLine[] = [];
  for (const { number, text } of listLines(content, name, nullSeparator)) {
    if (text.startsWith('#')) continue;
    const sign = /^([+-]) /.exec(text)?.[1];
    const pattern = unquote(sign === undefined ? text : text.slice(2));
    if (pattern === '') continue;
    lines.push({ sense: sign === '+' ? 'include' : sign === '-' ? 'exclude' : sense, pattern, number });
  }
  return lines;
}
