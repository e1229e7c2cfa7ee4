import { UsageError } from '../../errors/errors.ts';
import { literalCharacter } from '../globs/class.ts';
import { CLASSES, readEscape } from './escape.ts';
import { Scanner, type Flags } from './scanner.ts';
import { readSet } from './set.ts';

/**
 * The JavaScript equivalent of a regular expression in Python's syntax, for searching in decoded text. Throws
 * `COMMAND_LINE` for a bad expression and for what JavaScript cannot express: conditional groups, atomic groups,
 * possessive quantifiers, flags for a part of the expression, `(?L)`, `\N{...}`. A back reference to a group that took
 * no part matches the empty string here and nothing in Python.
 */
export function compilePythonRegexp(pattern: string, ignoreCase: boolean): RegExp {
  try {
    const scanner = new Scanner(pattern);
    const flags = readLeadingFlags(scanner, ignoreCase);
    const source = translate(scanner, flags);
    return new RegExp(source, flags.ignoreCase ? 'ui' : 'u');
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new UsageError('COMMAND_LINE', `The regular expression ${pattern} cannot be used: ${cause.message}.`, {
      cause,
    });
  }
}

function readLeadingFlags(scanner: Scanner, ignoreCase: boolean): Flags {
  const flags = { ignoreCase, dotAll: false, multiline: false, verbose: false, ascii: false };
  for (;;) {
    const letters = scanner.take(/\(\?([aimsuxL]+)\)/y)?.[1];
    if (letters === undefined) return flags;
    if (letters.includes('L')) throw new SyntaxError('the flag L works on bytes only');
    flags.ignoreCase ||= letters.includes('i');
    flags.dotAll ||= letters.includes('s');
    flags.multiline ||= letters.includes('m');
    flags.verbose ||= letters.includes('x');
    flags.ascii ||= letters.includes('a');
  }
}

function translate(scanner: Scanner, flags: Flags): string {
  let out = '';
  while (!scanner.atEnd()) out += translateOne(scanner, flags);
  return out;
}

function translateOne(scanner: Scanner, flags: Flags): string {
  if (flags.verbose && scanner.take(/[ \t-\r]+|#[^\n]*/y)) return '';
  const quantifier = scanner.take(/(?:[*+?]|\{(\d*)(,?)(\d*)\})([?+]?)/y);
  if (quantifier) return translateQuantifier(quantifier);
  const character = scanner.next();
  switch (character) {
    case '\\':
      return readEscape(scanner, flags);
    case '[':
      return readSet(scanner, flags);
    case '(':
      return translateGroup(scanner);
    case ')':
    case '|':
      return character;
    case '.':
      return flags.dotAll ? '[^]' : '[^\\n]';
    case '^':
      return flags.multiline ? CLASSES.lineStart : CLASSES.textStart;
    case '$':
      return flags.multiline ? CLASSES.lineEnd : CLASSES.lastLineEnd;
    default:
      return literalCharacter(character);
  }
}

function translateQuantifier([text, low = '', comma = '', high = '', kind = '']: RegExpExecArray): string {
  if (text.startsWith('{')) {
    // Plain characters in Python.
    if (low === '' && high === '' && comma === '') return `\\{\\}${kind}`;
    if (kind === '+') throw new SyntaxError('possessive quantifiers are not supported');
    return `{${low === '' ? '0' : low}${comma}${high}}${kind}`;
  }
  if (kind === '+') throw new SyntaxError('possessive quantifiers are not supported');
  return text;
}

/** After `(`. The closing parenthesis is met later as a character of its own. */
function translateGroup(scanner: Scanner): string {
  if (scanner.take(/\?#[^)]*\)/y)) return '';
  const named = scanner.take(/\?P<([\p{L}_][\p{L}\p{N}_]*)>/uy);
  if (named) return `(?<${named[1] ?? ''}>`;
  const reference = scanner.take(/\?P=([\p{L}_][\p{L}\p{N}_]*)\)/uy);
  if (reference) return `\\k<${reference[1] ?? ''}>`;
  const plain = scanner.take(/\?(?::|=|!|<=|<!)/y);
  if (plain) return `(${plain[0]}`;
  if (scanner.take(/\?/y)) throw new SyntaxError(`the group (?${scanner.rest().slice(0, 3)}... is not supported`);
  return '(';
}
