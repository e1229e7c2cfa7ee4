import { arity, type Spelling } from '../../cli/options/table.ts';
import { type Draft, pathToml } from './draft.ts';
import type { TomlValue } from './toml.ts';

/** An option as it was given. */
export interface Given {
  readonly spelling: Spelling;
  readonly words: readonly string[];
}

/** Options that have a key of their own: section, key, and what kind of value it takes. */
const KEYS: Readonly<Record<string, readonly [string, string, 'text' | 'list' | 'count']>> = {
  encryptKey: ['keys', 'encrypt-to', 'list'],
  hiddenEncryptKey: ['keys', 'hidden-encrypt-to', 'list'],
  signKey: ['keys', 'sign-with', 'text'],
  fullIfOlderThan: ['full', 'when-older-than', 'text'],
  fullIfChainLongerThan: ['full', 'when-chain-longer-than', 'count'],
  fullIfChainLargerThan: ['full', 'when-chain-larger-than', 'text'],
  fullIfRestoreLongerThan: ['full', 'when-restore-takes', 'text'],
};

const KEEP: ReadonlySet<string> = new Set([
  'keepLast',
  'keepWithin',
  'keepHourly',
  'keepDaily',
  'keepWeekly',
  'keepMonthly',
  'keepYearly',
]);
/** What a run is asked for; a profile would do so every time. */
const OF_ONE_RUN: ReadonlySet<string> = new Set([
  'dryRun',
  'force',
  'time',
  'pathToRestore',
  'fileChanged',
  'showChangesInSet',
  'json',
  'origin',
  'help',
  'version',
]);

/** Writes the options of a command line into a profile, each where it belongs. */
export function writeOptions(given: readonly Given[], draft: Draft): void {
  writeRules(given, draft);
  for (const { spelling, words } of given) {
    const { name, option, flag } = spelling;
    const [word = ''] = words;
    const own = KEYS[name];
    if (option.kind === 'rule') continue;
    if (OF_ONE_RUN.has(name)) draft.note(`${flag} belongs to a single run and is not taken over.`);
    else if (option.kind === 'option' && option.secret === true)
      draft.note(`${flag} holds a secret and is not taken over.`);
    else if (name === 'noEncryption') draft.set('keys', 'encrypt', false);
    else if (name === 'encryptSignKey') {
      draft.add('keys', 'encrypt-to', word);
      draft.set('keys', 'sign-with', word);
    } else if (own !== undefined) {
      const [section, key, kind] = own;
      if (kind === 'list') draft.add(section, key, word);
      else draft.set(section, key, kind === 'count' ? Number(word) : word);
    } else if (KEEP.has(name)) {
      const keep = draft.get('', 'keep') as Readonly<Record<string, TomlValue>> | undefined;
      const key = flag.slice('--keep-'.length);
      draft.set('', 'keep', { ...keep, [key]: key === 'within' ? word : Number(word) });
    } else writeOption(spelling, words, draft);
  }
}

function writeOption(spelling: Spelling, words: readonly string[], draft: Draft): void {
  const { option, flag } = spelling;
  const key = flag.slice(2);
  const needed = arity(spelling);
  const value: TomlValue = needed === 0 ? true : needed > 1 ? [...words] : scalar(words[0] ?? '');
  const before = draft.get('options', key);
  const isRepeated = before !== undefined && option.kind === 'option' && option.merge !== undefined;
  if (!isRepeated) draft.set('options', key, value);
  else if (needed > 1) draft.set('options', key, [...(isListOfLists(before) ? before : [before]), value]);
  else draft.set('options', key, [...(Array.isArray(before) ? (before as TomlValue[]) : [before]), value]);
}

function isListOfLists(value: TomlValue): value is readonly TomlValue[] {
  return Array.isArray(value) && Array.isArray(value[0]);
}

/** A number where it is written as TOML writes numbers. */
function scalar(word: string): TomlValue {
  return /^(?:0|[1-9]\d{0,14})$/.test(word) ? Number(word) : word;
}

/** Rules whose order does not matter as sets, others in their order. */
function writeRules(given: readonly Given[], draft: Draft): void {
  const rules = given.filter(({ spelling: { option } }) => option.kind === 'rule');
  const isSet = rules.every(({ spelling: { name } }) => name === 'exclude' || name === 'excludeIfPresent');
  for (const { spelling, words } of rules) {
    const [word = ''] = words;
    const key = spelling.flag.slice(2);
    if (isSet) draft.add('', key, pathToml(word));
    else draft.add('', 'select', ruleToml(spelling, word));
  }
}

function ruleToml({ name, flag, option }: Spelling, word: string): TomlValue {
  const sign = { include: '+', exclude: '-' }[name];
  // A blank at an end would be lost.
  if (sign !== undefined && word.trim() === word && typeof pathToml(word) === 'string') return `${sign} ${word}`;
  return { [flag.slice(2)]: option.value === undefined ? true : word };
}
