import { UsageError } from '../../errors/errors.ts';
import { nearest } from '../../util/text/nearest.ts';
import { type Spelling, type Spellings, arity } from '../options/table.ts';

/** One thing on the command line: an option with its values, or a word that stands for itself. */
export type Item =
  | { readonly kind: 'option'; readonly spelling: Spelling; readonly words: readonly string[] }
  | { readonly kind: 'positional'; readonly word: string };

interface ScanOptions {
  /** What follows the first word that is no option stands for itself, as with the classic getopt. */
  readonly stopsAtWord?: boolean;
}

/**
 * Splits the command line into options and positionals, lazily, so that an early `--help` wins over a later error.
 * An option takes the words it needs whatever they look like: front ends pass values that start with a dash.
 */
export function* scan(
  argv: readonly string[],
  table: Spellings,
  { stopsAtWord = false }: ScanOptions = {},
): Generator<Item> {
  let at = 0;
  const take = (spelling: Spelling, first: string | undefined): Item => {
    const needed = arity(spelling);
    const words = first === undefined ? [] : [first];
    while (words.length < needed && at < argv.length) words.push(argv[at++] ?? '');
    if (words.length < needed) throw missing(spelling.flag, needed);
    return { kind: 'option', spelling, words };
  };

  while (at < argv.length) {
    const word = argv[at++] ?? '';
    if (word === '--') break;
    if (word.startsWith('--')) {
      const cut = word.indexOf('=');
      const spelling = findLong(cut < 0 ? word : word.slice(0, cut), table);
      const value = cut < 0 ? undefined : word.slice(cut + 1);
      if (value !== undefined && arity(spelling) === 0) {
        throw new UsageError('COMMAND_LINE', `${spelling.flag} does not take a value`);
      }
      yield take(spelling, value);
      continue;
    }
    if (word.length < 2 || !word.startsWith('-')) {
      yield { kind: 'positional', word };
      if (stopsAtWord) break;
      continue;
    }
    for (let i = 1; i < word.length; i++) {
      const spelling = table.short.get(word[i] ?? '');
      if (!spelling) throw new UsageError('COMMAND_LINE', `no such option: -${word[i] ?? ''}`);
      if (arity(spelling) === 0) {
        yield take(spelling, undefined);
        continue;
      }
      // `-v9`, `-v=9` and `-v 9` mean the same.
      const attached = word.slice(i + 1).replace(/^=/, '');
      yield take(spelling, word.length > i + 1 ? attached : undefined);
      break;
    }
  }
  while (at < argv.length) yield { kind: 'positional', word: argv[at++] ?? '' };
}

function findLong(flag: string, { long }: Spellings): Spelling {
  const exact = long.get(flag);
  if (exact) return exact;
  const candidates = [...long.values()].filter((spelling) => spelling.flag.startsWith(flag));
  // `--con` was unambiguous in 0.8.22 and stays so, whatever was added since.
  const old = candidates.filter(({ release }) => release === 'both' || release === '0.8');
  // And what 3.0.1 took, whatever was added here.
  const theirs = candidates.filter(({ release }) => release !== 'ours');
  const found = onlyOne(candidates) ?? onlyOne(old) ?? onlyOne(theirs);
  if (found) return found;
  if (candidates.length === 0) {
    const meant = nearest(flag, long.keys());
    const extra = meant === undefined ? {} : { hint: `Is ${meant} meant?` };
    throw new UsageError('COMMAND_LINE', `no such option: ${flag}`, extra);
  }
  const names = candidates.map((spelling) => spelling.flag).join(', ');
  throw new UsageError('COMMAND_LINE', `ambiguous option: ${flag} (${names}?)`);
}

/** Two spellings of the same thing are no ambiguity. */
function onlyOne(candidates: readonly Spelling[]): Spelling | undefined {
  const [first, ...rest] = candidates;
  if (!first) return undefined;
  const same = rest.every((other) => other.option === first.option && other.fixed?.value === first.fixed?.value);
  return same ? first : undefined;
}

function missing(flag: string, needed: number): UsageError {
  return new UsageError('COMMAND_LINE', `${flag} needs ${needed === 1 ? 'a value' : `${needed} values`}`);
}
