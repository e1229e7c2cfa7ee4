import { UsageError } from '../../errors/errors.ts';
import type { BytePath } from '../../util/bytepath.ts';
import type { EpochSeconds } from '../../util/time.ts';
import { expandPath } from '../words/expand.ts';
import { wordBytes } from '../words/raw-argv.ts';
import { parseInterval, parseTime, unitHint } from '../time/time-strings.ts';
import type { ReadContext } from './option.ts';

type Read<T> = (words: readonly string[], context: ReadContext) => T;

export const KIB = 1024;
export const MIB = 1024 * 1024;

export const text: Read<string> = ([word = '']) => word;

/** A path for node:fs, with `~` and variables expanded. */
export const path: Read<string> = ([word = ''], { around }) => expandPath(word, around);

/** The name of a directory right below another, or of several in one another: nothing that leads out of it. */
export const nameBelow: Read<string> = (words, context) => {
  const name = path(words, context);
  const isOut = name.split('/').some((part) => part === '..');
  if (!isOut && /[^/.]/.test(name)) return name;
  throw new UsageError('COMMAND_LINE', `${context.flag} must be a name below the archive dir, not '${name}'.`, {
    hint: 'Choose another place for all local copies with --archive-dir.',
  });
};

/** The beginning of file names: stores have no directories for it. */
export const namePrefix: Read<string> = ([word = ''], { flag }) => {
  if (!word.includes('/')) return word;
  throw new UsageError('COMMAND_LINE', `${flag} begins names of files and cannot hold a slash: '${word}'.`, {
    hint: 'Put directories into the URL.',
  });
};

/** A path whose bytes matter, with `~` and variables expanded. */
export const pathBytes: Read<BytePath> = ([word = ''], { around }) => wordBytes(expandPath(word, around));

/** Before which something counts as old: in the hour that comes twice the first, so that less is. */
export const time: Read<EpochSeconds> = (words, context) => readTime(words, context, 'first');

/** Up to which something counts: in the hour that comes twice the second, so that all that was shown as this is in. */
export const timeReached: Read<EpochSeconds> = (words, context) => readTime(words, context, 'second');

function readTime([word = '']: readonly string[], context: ReadContext, twice: 'first' | 'second'): EpochSeconds {
  const { around, timeSeparator, warn } = context;
  return parseTime(word, { now: around.now, timeSeparator, twice, warn });
}

/** A length of time, in seconds. */
export const interval: Read<number> = ([word = ''], { flag }) => {
  const seconds = parseInterval(word);
  if (seconds !== undefined) return seconds;
  throw new UsageError('COMMAND_LINE', `${flag} needs an interval such as 7D, not '${word}'${unitHint(word)}.`, {
    hint: 'Its units are s, m (minutes), h, D, W, M (30 days) and Y (365 days).',
  });
};

/** 0 to 100, with or without the sign. */
export const percent: Read<number> = ([word = ''], { flag }) => {
  const number = /^\d+(?:\.\d+)?%?$/.test(word.trim()) ? Number.parseFloat(word) : Number.NaN;
  if (number > 0 && number <= 100) return number;
  throw new UsageError('COMMAND_LINE', `${flag} needs a number above 0 and up to 100, not '${word}'.`);
};

const UNITS = ['', 'K', 'M', 'G', 'T'] as const;

/** Bytes, or KiB, MiB, GiB, TiB with the letter. */
export const bytes: Read<number> = ([word = ''], { flag }) => {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)([KMGT]?)(?:i?B)?$/i.exec(word.trim()) ?? [];
  const value = Math.floor(Number(number) * KIB ** UNITS.findIndex((one) => one === unit.toUpperCase()));
  if (number !== '' && Number.isSafeInteger(value)) return value;
  throw new UsageError('COMMAND_LINE', `${flag} needs a number of bytes such as 500M or 2G, not '${word}'.`);
};

/** A whole number of at least `min`, multiplied by `unit`. */
export function integer(min: number, unit = 1): Read<number> {
  return ([word = ''], { flag }) => {
    const number = parseInteger(word);
    if (number === undefined) throw new UsageError('COMMAND_LINE', `${flag} needs a whole number, not '${word}'.`);
    if (number < min) throw new UsageError('COMMAND_LINE', `${flag} must be at least ${min}, not ${number}.`);
    return number * unit;
  };
}

/** Decimal, leading zeros allowed; also `0x` and `0b`. undefined for anything else. */
export function parseInteger(word: string): number | undefined {
  const match = /^([+-]?)(\d+|0[xX][\da-fA-F]+|0[bB][01]+)$/.exec(word.trim());
  if (!match) return undefined;
  const number = Number(match[2]);
  if (!Number.isSafeInteger(number)) return undefined;
  return match[1] === '-' ? -number : number;
}

export function oneOf<const T extends string>(...allowed: readonly T[]): Read<T> {
  return ([word = ''], { flag }) => {
    const found = allowed.find((one) => one === word);
    if (found === undefined) {
      throw new UsageError('COMMAND_LINE', `${flag} must be one of ${allowed.join(', ')}, not '${word}'.`);
    }
    return found;
  };
}

/**
 * Words that are passed on to another program. An enclosing pair of quotes is taken off when the same quote does not
 * occur inside, so that the quotes of `-oProxyCommand="ssh -W %h"` stay (3.0.1 strips both ends whatever they are).
 */
export const passThrough: Read<string> = ([word = '']) => {
  const match = /^(["'])([^]*)\1$/.exec(word.trim());
  const inside = match?.[2] ?? '';
  return match && !inside.includes(match[1] ?? '') ? inside.trim() : word.trim();
};

/** Repeated pass-through strings are joined by one blank; empty ones vanish. */
export function joinWords(before: string, next: string): string {
  return [before, next].filter((part) => part !== '').join(' ');
}

export function append<T>(before: readonly T[], next: readonly T[]): readonly T[] {
  return [...before, ...next];
}
