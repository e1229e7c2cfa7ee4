import { DuplicityError } from '../../errors/errors.ts';
import { nearest } from '../../util/text/nearest.ts';
import type { ActionGroup, AnyOption, Option } from '../../cli/options/option.ts';
import { arity, type Spelling, spellings } from '../../cli/options/table.ts';
import type { Surroundings } from '../../cli/surroundings.ts';
import type { Problem } from '../file/at.ts';
import { type Entry, Moment, type Table, type Tree } from '../file/tree.ts';

/** An option of the command line, as the profile gives it. */
export interface GivenOption {
  /** Of the option table: other spellings share it. */
  readonly name: string;
  readonly option: AnyOption;
  /** As it would stand on a command line; empty where it takes back what is inherited. */
  readonly words: readonly string[];
}

export interface OptionCheck {
  readonly around: Surroundings;
  readonly complain: (problem: Problem) => void;
  readonly warn: (problem: Problem) => void;
}

/** Actions that work with a profile. */
const GROUPS: ReadonlySet<ActionGroup> = new Set([
  'backup',
  'restore',
  'verify',
  'list',
  'status',
  'cleanup',
  'remove',
  'prune',
  'squash',
  'check',
]);

/** What is asked of one run, and would be fatal or pointless in all. */
const ONE_RUN: ReadonlySet<string> = new Set([
  'force',
  'dryRun',
  'time',
  'pathToRestore',
  'fileChanged',
  'showChangesInSet',
  'from',
  'to',
  'set',
  'forgetMissing',
  'delete',
  'origin',
]);

/** Whether a profile may have this option. */
export function isOfProfiles({ name, option }: Spelling): boolean {
  return refusal(name, option) === undefined;
}

/** Why a profile may not have an option, and what to do. */
function refusal(name: string, option: AnyOption): readonly [text: string, hint?: string] | undefined {
  if (option.kind === 'answer' || ONE_RUN.has(name)) {
    return ['belongs to one run, not to a profile.', 'Give it on the command line of that run.'];
  }
  const groups = option.actions;
  if (groups !== 'all' && !groups.some((group) => GROUPS.has(group))) {
    return [`is for ${groups.join(', ')} only, which no profile does.`];
  }
  if (option.kind === 'option' && option.secret === true) {
    return ['would put a secret into the file and into the list of processes.'];
  }
  return undefined;
}

/** Understands a table of options by the table of the command line. Says everything that is wrong with it. */
export function optionWords(options: Table, path: string, check: OptionCheck): readonly GivenOption[] {
  const { long } = spellings();
  return [...options.entries].flatMap(([key, entry]) => {
    const spelling = long.get(`--${key}`);
    if (spelling === undefined) {
      const known = [...long.keys()].map((flag) => flag.slice(2));
      const plain = key.replace(/^-+/, '').replaceAll('_', '-');
      const meant = known.find((name) => name === plain) ?? nearest(plain, known);
      const hint = meant === undefined ? 'They are listed in docs/options.md.' : `Is ${meant} meant?`;
      check.complain({ at: entry.at, text: `${path} has no "${key}": the command line has no such option.`, hint });
      return [];
    }
    return oneOption(spelling, key, entry, path, check);
  });
}

function oneOption(spelling: Spelling, key: string, entry: Entry, path: string, check: OptionCheck): GivenOption[] {
  const { name, option } = spelling;
  const complain = (text: string, hint?: string): GivenOption[] => {
    check.complain({ at: entry.at, text: `${path}.${key} ${text}`, hint });
    return [];
  };
  const refused = refusal(name, option);
  if (refused !== undefined) return complain(...refused);
  if (option.deprecated !== undefined) check.warn({ at: entry.at, text: `${path}.${key}: ${option.deprecated}` });
  const given = valuesOf(spelling, entry.tree);
  if (typeof given === 'string') return complain(given);
  const words = given.flatMap((values) => [`--${key}`, ...values]);
  return readable(spelling, given, (text, hint) => complain(`is wrong: ${text}`, hint), check)
    ? [{ name, option, words }]
    : [];
}

/** The words behind each time that the option is given, or what is wrong with its value. */
function valuesOf(spelling: Spelling, tree: Tree): readonly (readonly string[])[] | string {
  const { option } = spelling;
  const needed = arity(spelling);
  if (needed === 0) {
    if (tree.kind !== 'leaf' || typeof tree.value !== 'boolean') return 'is a switch: it needs true or false.';
    return tree.value ? [[]] : [];
  }
  // Not given, although the defaults say so.
  if (tree.kind === 'leaf' && tree.value === false) return [];
  const several = needed > 1 ? 'a list of texts' : 'a text or a number';
  if (tree.kind === 'leaf') {
    const word = needed === 1 ? wordOf(tree) : undefined;
    return word === undefined ? `needs ${several}${needed > 1 ? `, ${needed} of them` : ''}.` : [[word]];
  }
  if (tree.kind === 'table') return `needs ${several}.`;
  const lists = needed > 1 && tree.items.every(({ kind }) => kind === 'leaf') ? [tree] : tree.items;
  const all = lists.map((item) => (item.kind === 'list' ? item.items : [item]).map(wordOf));
  if (!all.every((words) => words.length === needed && !words.includes(undefined))) {
    return needed === 1 ? 'needs texts or numbers in its list.' : `needs lists of ${needed} texts.`;
  }
  if (all.length > 1 && !isRepeatable(option)) return 'takes one value, not several.';
  return all as string[][];
}

function wordOf(tree: Tree): string | undefined {
  if (tree.kind !== 'leaf' || typeof tree.value === 'boolean') return undefined;
  // TOML may write a blank where the command line has a T.
  if (tree.value instanceof Moment) return tree.value.text.toUpperCase().replace(' ', 'T');
  return String(tree.value);
}

function isRepeatable(option: AnyOption): boolean {
  return (
    option.kind === 'rule' || option.kind === 'shorthand' || (option.kind === 'option' && option.merge !== undefined)
  );
}

/** Whether the command line would take it; what it says against it is passed on. */
function readable(
  { option, fixed }: Spelling,
  given: readonly (readonly string[])[],
  complain: (text: string, hint?: string) => unknown,
  { around, warn }: OptionCheck,
): boolean {
  if (fixed !== undefined || (option.kind !== 'option' && option.kind !== 'rule')) return true;
  for (const words of given) {
    try {
      const context = { flag: option.flag, around, timeSeparator: ':', warn: () => void warn };
      (option as Pick<Option<unknown>, 'read'>).read(words, context);
    } catch (error) {
      if (!(error instanceof DuplicityError)) throw error;
      complain(error.message, error.hint);
      return false;
    }
  }
  return true;
}
