import { DuplicityError } from '../../errors/errors.ts';
import { OPTIONS } from '../../cli/options/table.ts';
import type { ReadContext } from '../../cli/options/option.ts';
import { type Path, pathText, type Table, valuePlace } from '../file/tree.ts';
import type { ProfileValues } from '../schema/profile.ts';
import type { GivenOption, OptionCheck } from './option-words.ts';

type Name = keyof typeof OPTIONS;

/** What sections say that options of the command line say, too. Their values are checked by these. */
export function keyOptions({ keys, full }: ProfileValues, tree: Table, check: OptionCheck): readonly GivenOption[] {
  const found: GivenOption[] = [];
  const add = (name: Name, path: Path, values: readonly (string | number)[] | undefined): void => {
    for (const value of values ?? []) found.push(...one(name, path, String(value), tree, check));
  };
  const only = <T>(value: T | undefined): readonly T[] => (value === undefined ? [] : [value]);
  if (keys?.encrypt === false)
    found.push({ name: 'noEncryption', option: OPTIONS.noEncryption, words: ['--no-encryption'] });
  add('encryptKey', ['keys', 'encrypt-to'], keys?.encryptTo);
  add('hiddenEncryptKey', ['keys', 'hidden-encrypt-to'], keys?.hiddenEncryptTo);
  add('signKey', ['keys', 'sign-with'], only(keys?.signWith));
  add('fullIfOlderThan', ['full', 'when-older-than'], only(full?.whenOlderThan));
  add('fullIfChainLongerThan', ['full', 'when-chain-longer-than'], only(full?.whenChainLongerThan));
  add('fullIfChainLargerThan', ['full', 'when-chain-larger-than'], only(full?.whenChainLargerThan));
  add('fullIfRestoreLongerThan', ['full', 'when-restore-takes'], only(full?.whenRestoreTakes));
  return found;
}

function one(
  name: Name,
  path: Path,
  word: string,
  tree: Table,
  { around, complain }: OptionCheck,
): readonly GivenOption[] {
  const option = OPTIONS[name];
  const context: ReadContext = { flag: option.flag, around, timeSeparator: ':', warn: () => undefined };
  try {
    (option as { read(words: readonly string[], context: ReadContext): unknown }).read([word], context);
    return [{ name, option, words: [option.flag, word] }];
  } catch (error) {
    if (!(error instanceof DuplicityError)) throw error;
    complain({ at: valuePlace(tree, path), text: `${pathText(path)} is wrong: ${error.message}`, hint: error.hint });
    return [];
  }
}
