import type { Sense } from './rules.ts';
import { decodeText } from '../util/utf8.ts';

export interface FilelistLine {
  readonly sense: Sense;
  readonly pattern: string;
}

// What Python calls white space. String.prototype.trim differs: it takes U+FEFF and leaves U+001C..U+001F and U+0085.
const SPACE = '[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+';
const SURROUNDING_SPACE = new RegExp(`^${SPACE}|${SPACE}$`, 'g');

/**
 * The conditions of a filelist, in order. White space around a line goes; blank lines and comments are skipped; a sign
 * (`+ `, `- `) overrides the list's sense; one pair of quotes around the rest goes last, so that it protects blanks.
 *
 * 0.8.22 fails on a list that is not UTF-8; here its other bytes stand for themselves.
 */
export function parseFilelist(content: Buffer, sense: Sense, nullSeparator: boolean): FilelistLine[] {
  const lines: FilelistLine[] = [];
  // A lone CR ends a line too (0.8.22, run).
  for (const raw of decodeText(content).split(nullSeparator ? '\0' : /\r\n|\r|\n/)) {
    const line = raw.replace(SURROUNDING_SPACE, '');
    if (line === '' || line.startsWith('#')) continue;
    const sign = /^([+-]) /.exec(line)?.[1];
    const pattern = unquote(sign === undefined ? line : line.slice(2));
    if (pattern === '') continue;
    lines.push({ sense: sign === '+' ? 'include' : sign === '-' ? 'exclude' : sense, pattern });
  }
  return lines;
}

/** A single quote character counts as both ends of a pair (0.8.22, run). */
function unquote(text: string): string {
  const first = text.charAt(0);
  return (first === "'" || first === '"') && text.endsWith(first) ? text.slice(1, -1) : text;
}
