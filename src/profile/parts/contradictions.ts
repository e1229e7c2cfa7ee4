import type { Problem } from '../file/at.ts';
import { keyPlace, type Path, pathText, type Table, treeAt, valuePlace } from '../file/tree.ts';
import type { ProfileValues } from '../schema/profile.ts';
import type { GivenOption } from './option-words.ts';

const DAY = 86_400;

/** What is said here and in `options`, by the name of the option. */
const SAID_IN_KEYS: Readonly<Record<string, Path>> = {
  noEncryption: ['keys', 'encrypt'],
  encryptKey: ['keys', 'encrypt-to'],
  hiddenEncryptKey: ['keys', 'hidden-encrypt-to'],
  signKey: ['keys', 'sign-with'],
  encryptSignKey: ['keys', 'sign-with'],
  fullIfOlderThan: ['full', 'when-older-than'],
  fullIfChainLongerThan: ['full', 'when-chain-longer-than'],
  fullIfChainLargerThan: ['full', 'when-chain-larger-than'],
  fullIfRestoreLongerThan: ['full', 'when-restore-takes'],
  keepLast: ['keep', 'last'],
  keepWithin: ['keep', 'within'],
  keepHourly: ['keep', 'hourly'],
  keepDaily: ['keep', 'daily'],
  keepWeekly: ['keep', 'weekly'],
  keepMonthly: ['keep', 'monthly'],
  keepYearly: ['keep', 'yearly'],
};

/** What is right by itself and cannot all be so. */
export function contradictions(
  values: ProfileValues,
  options: readonly GivenOption[],
  tree: Table,
): readonly Problem[] {
  const found: Problem[] = [];
  const add = (path: Path, text: string, hint?: string): void =>
    void found.push({ at: valuePlace(tree, path), path, text, hint });
  const lack = (path: Path, text: string, hint?: string): void =>
    void found.push({ at: keyPlace(tree, path), path, text, hint });

  // What is there and wrong is not lacking.
  const isWrong = (key: keyof ProfileValues): boolean => values[key] === undefined && treeAt(tree, [key]) !== undefined;
  if (!isWrong('include') && (values.include ?? []).length === 0) {
    lack(['include'], 'The profile lacks include: what is to be backed up?', 'Write include = ["/home/me"].');
  }
  if (!isWrong('to') && (values.to ?? []).length === 0) {
    const [store] = Object.keys(values.store ?? {});
    const hint = store === undefined ? 'Write to = "sftp://user@host/directory".' : `Write to = "${store}".`;
    lack(['to'], 'The profile lacks to: where does the backup go?', hint);
  }
  if (values.select !== undefined) {
    const other = (['exclude', 'exclude-add', 'exclude-if-present'] as const).find(
      (key) => treeAt(tree, [key]) !== undefined,
    );
    if (other !== undefined)
      add([other], `${other} and select do not go together.`, 'Write all rules in select, in their order.');
    if ((values.include?.length ?? 0) > 1) {
      add(
        ['include', 1],
        'With select there is one include: what it holds, select says.',
        'Name the directory that holds all, and the rest in select.',
      );
    }
  }
  for (const { name, option } of options) {
    const path = SAID_IN_KEYS[name];
    if (path !== undefined && treeAt(tree, path) !== undefined) {
      add(
        ['options', option.flag.slice(2)],
        `options has ${option.flag.slice(2)}, and there is ${pathText(path)}, too.`,
        'Say it once.',
      );
    }
  }
  encryption(values, add);
  retention(values, add);
  times(values, add, lack);
  programs(values, add);
  return found;
}

type Add = (path: Path, text: string, hint?: string) => void;

function encryption({ keys }: ProfileValues, add: Add): void {
  if (keys === undefined) return;
  const { encryptTo, hiddenEncryptTo, signWith, passphrase, signPassphrase } = keys;
  const given: readonly (readonly [string, unknown])[] = [
    ['encrypt-to', encryptTo],
    ['hidden-encrypt-to', hiddenEncryptTo],
    ['sign-with', signWith],
    ['passphrase', passphrase],
    ['sign-passphrase', signPassphrase],
  ];
  for (const [key, value] of given) {
    if (keys.encrypt === false && value !== undefined)
      add(['keys', key], `keys.${key} has no meaning with encrypt = false.`);
  }
  if (signPassphrase !== undefined && signWith === undefined && keys.encrypt !== false) {
    add(['keys', 'sign-passphrase'], 'keys.sign-passphrase has no meaning without sign-with.');
  }
  if (encryptTo?.length === 0) add(['keys', 'encrypt-to'], 'keys.encrypt-to names no key.');
}

function retention({ keep, store = {} }: ProfileValues, add: Add): void {
  const all: readonly (readonly [Path, typeof keep])[] = [
    [['keep'], keep],
    ...Object.entries(store).map(([name, values]) => [['store', name, 'keep'], values.keep] as const),
  ];
  for (const [path, rules] of all) {
    if (rules === undefined) continue;
    const numbers = Object.values(rules).filter((value) => value !== undefined);
    if (numbers.some((value) => value > 0)) continue;
    add(path, `${pathText(path)} keeps nothing.`, 'Leave it away to keep everything.');
  }
}

function times({ schedule, checks }: ProfileValues, add: Add, lack: Add): void {
  const { every, at, spread, atLatest } = schedule ?? {};
  if (schedule !== undefined && every === undefined)
    lack(['schedule', 'every'], 'schedule lacks every: how often?', 'Write every = "1D".');
  if (every === 0) add(['schedule', 'every'], 'schedule.every must be longer than nothing.');
  if (every !== undefined && every > 0) {
    if (at !== undefined && every % DAY !== 0) add(['schedule', 'at'], 'schedule.at needs every to be whole days.');
    if (spread !== undefined && spread >= every)
      add(['schedule', 'spread'], 'schedule.spread must be shorter than every.');
    if (atLatest !== undefined && atLatest < every)
      add(['schedule', 'at-latest'], 'schedule.at-latest must be at least every.');
  }
  for (const name of ['scrub', 'drill'] as const) {
    if (checks?.[name] !== undefined && checks[name].every === undefined) {
      lack(['checks', name, 'every'], `checks.${name} lacks every: how often?`, 'Write every = "1W".');
    }
  }
  if (checks?.scrub?.bytes !== undefined && checks.scrub.percent !== undefined) {
    add(['checks', 'scrub'], 'checks.scrub has bytes and percent.', 'Say one of them.');
  }
}

function programs({ hook = [], dump = {}, notify }: ProfileValues, add: Add): void {
  for (const [i, { before, after, when, run, sh }] of hook.entries()) {
    const path: Path = ['hook', i];
    if ((before === undefined) === (after === undefined))
      add(path, `${pathText(path)} needs before or after, one of them.`);
    if ((run === undefined) === (sh === undefined)) add(path, `${pathText(path)} needs run or sh, one of them.`);
    if (when !== undefined && after === undefined)
      add([...path, 'when'], `${pathText(path)}.when has a meaning behind a step only.`);
  }
  for (const [name, { run, sh, path: file }] of Object.entries(dump)) {
    const path: Path = ['dump', name];
    if ((run === undefined) === (sh === undefined)) add(path, `${pathText(path)} needs run or sh, one of them.`);
    if (file === undefined) add(path, `${pathText(path)} lacks path: which file does it become?`);
    else if (file.startsWith('/') || file.split('/').includes('..')) {
      add([...path, 'path'], `${pathText(path)}.path must be a path below the root of the backup.`);
    }
  }
  for (const [key, value] of Object.entries({ webhook: notify?.webhook, heartbeat: notify?.heartbeat })) {
    if (typeof value !== 'string') continue;
    if (!/^https?:\/\//.test(value))
      add(['notify', key], `notify.${key} needs a URL that begins with https:// or http://.`);
    else if (/^https?:\/\/[^/?#]*@/.test(value)) {
      add(
        ['notify', key],
        `The password in the URL of notify.${key} must not stand in the file.`,
        `Write ${key} = { file = "/etc/duplicity/${key}" }.`,
      );
    }
  }
}
