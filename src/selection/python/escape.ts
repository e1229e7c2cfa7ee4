import { literalCharacter } from '../globs/class.ts';
import type { Flags, Scanner } from './scanner.ts';

const WORD = '\\p{L}\\p{N}_';
// str.isspace(): more control characters than JavaScript's \s, and not U+FEFF.
const SPACE = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';

/** Assertions, each a group of its own so that a quantifier may follow. */
export const CLASSES = {
  textStart: '(?:^)',
  lineStart: '(?:(?<![^\\n]))',
  textEnd: '(?:$)',
  lineEnd: '(?:(?![^\\n]))',
  lastLineEnd: '(?:(?=\\n?$))',
} as const;

/** Members of a character class for `\d`, `\w`, `\s`; the capitals are their complements. */
export function classMembers(letter: string, flags: Flags): string | undefined {
  switch (letter.toLowerCase()) {
    case 'd':
      return flags.ascii ? '0-9' : '\\p{Nd}';
    case 'w':
      return flags.ascii ? 'A-Za-z0-9_' : WORD;
    case 's':
      return flags.ascii ? '\\t-\\r\\x20' : SPACE;
    default:
      return undefined;
  }
}

/** After a backslash outside of a set. */
export function readEscape(scanner: Scanner, flags: Flags): string {
  // Python takes a leading 0 or three octal digits as a character, anything else as a back reference.
  const octal = scanner.take(/0[0-7]{0,2}|[0-3][0-7]{2}/y);
  if (octal) return literalCharacter(String.fromCharCode(Number.parseInt(octal[0], 8)));
  const reference = scanner.take(/[1-9][0-9]?/y);
  if (reference) return `(?:\\${reference[0]})`;
  const character = readCharacterEscape(scanner);
  if (character !== undefined) return literalCharacter(character);
  const letter = scanner.next();
  const members = classMembers(letter, flags);
  if (members !== undefined) return `[${isCapital(letter) ? '^' : ''}${members}]`;
  switch (letter) {
    case 'A':
      return CLASSES.textStart;
    case 'Z':
      return CLASSES.textEnd;
    case 'b':
      return boundary(flags, false);
    case 'B':
      return boundary(flags, true);
    default:
      return literalCharacter(plainEscape(letter));
  }
}

/** `\n`, `\x41`, `\u00e9`, `\U0001f600`: what means one character inside and outside of a set. */
export function readCharacterEscape(scanner: Scanner): string | undefined {
  const code = scanner.take(/x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})/y);
  if (code) {
    const point = Number.parseInt(code[1] ?? code[2] ?? code[3] ?? '', 16);
    if (point > 0x10ffff) throw new SyntaxError(`\\${code[0]} is no character`);
    return String.fromCodePoint(point);
  }
  const control = scanner.take(/[afnrtv]/y)?.[0];
  return control === undefined ? undefined : CONTROLS.get(control);
}

const CONTROLS = new Map([
  ['a', '\u0007'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
]);

/** An escaped character that stands for itself; Python reserves all other ASCII letters and digits. */
export function plainEscape(character: string): string {
  if (/[A-Za-z0-9]/.test(character)) throw new SyntaxError(`bad escape \\${character}`);
  return character;
}

export function isCapital(letter: string): boolean {
  return letter !== letter.toLowerCase();
}

function boundary(flags: Flags, isNegated: boolean): string {
  const word = `[${classMembers('w', flags) ?? ''}]`;
  const changes = `(?<=${word})(?!${word})|(?<!${word})(?=${word})`;
  const stays = `(?<=${word})(?=${word})|(?<!${word})(?!${word})`;
  return `(?:${isNegated ? stays : changes})`;
}
