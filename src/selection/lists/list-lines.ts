import { UsageError } from '../../errors/errors.ts';
import { withoutEnd } from '../../util/text/trim.ts';
import { decodeText } from '../../util/text/utf8.ts';

/** A line of a list, counted from 1. */
export interface ListLine {
  readonly number: number;
  /** Without the white space around it; never empty. */
  readonly text: string;
  readonly raw: string;
}

// What Python calls white space. String.prototype.trim differs: it takes U+FEFF and leaves U+001C..U+001F and U+0085.
const SPACE = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;
const LEADING_SPACE = new RegExp(`^${SPACE.source}+`);
const BYTE_ORDER_MARK = '\ufeff';

/**
 * The lines of a list but for blank ones. A byte order mark at the start, which
 * editors of other systems put there, is no part of the first line. 0.8.22 fails on a list that is not UTF-8; here its
 * other bytes stand for themselves.
 */
export function* listLines(content: Buffer, name: string, nullSeparator: boolean): Generator<ListLine> {
  let number = 0;
  for (const raw of splitList(content, name, nullSeparator)) {
    number++;
    if (raw.includes('\0')) {
      throw new UsageError(
        'CANNOT_OPEN_FILELIST',
        `The list ${name}, line ${number}, holds a NUL byte, which no name can.`,
        {
          hint: 'Add --null-separator if NUL ends its names, as "find -print0" writes them.',
        },
      );
    }
    const text = withoutEnd(raw.replace(LEADING_SPACE, ''), SPACE);
    if (text !== '') yield { number, text, raw };
  }
}

/** A lone CR ends a line too (0.8.22, run). */
function splitList(content: Buffer, name: string, nullSeparator: boolean): string[] {
  const mark = content.length >= 2 ? content.readUInt16BE(0) : 0;
  if (mark === 0xfffe || mark === 0xfeff) {
    throw new UsageError('CANNOT_OPEN_FILELIST', `The list ${name} is written in UTF-16.`, {
      hint: 'Save it as UTF-8.',
    });
  }
  const text = decodeText(content);
  return (text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text).split(nullSeparator ? '\0' : /\r\n|\r|\n/);
}

/** Takes one pair of quotes off. A single quote character counts as both ends of a pair (0.8.22, run). */
export function unquote(text: string): string {
  const first = text.charAt(0);
  return (first === "'" || first === '"') && text.endsWith(first) ? text.slice(1, -1) : text;
}
