import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { parseUrl } from '../../backends/url/url.ts';
import type { Surroundings } from '../../cli/surroundings.ts';
import { UsageError } from '../../errors/errors.ts';
import { type Draft, pathToml } from '../write/draft.ts';
import { type Given, writeOptions } from '../write/option-lines.ts';
import { type TargetContext, withoutPassword, writeTarget } from '../write/targets.ts';
import { takeApart } from './command-words.ts';
import { keepWithin } from './crontab.ts';
import { shellCommands } from './shell.ts';

interface DuplyProfile {
  readonly name: string;
  readonly directory: string;
}

/** Where duply looks. */
function findDuply(name: string, { home }: Surroundings): DuplyProfile {
  if (name.includes('/'))
    return { name: name.replace(/\/+$/, '').split('/').at(-1) ?? name, directory: name.replace(/\/+$/, '') };
  const places = [...(home === undefined ? [] : [`${home}/.duply`]), '/etc/duply'].map((place) => `${place}/${name}`);
  const directory = places.find((place) => existsSync(`${place}/conf`));
  if (directory !== undefined) return { name, directory };
  throw new UsageError(
    'BAD_PROFILE',
    `duply has no profile "${name}": there is no ${places.map((place) => `${place}/conf`).join(' and no ')}.`,
  );
}

/** A profile of duply: its file of variables, as far as it can be told without running it. */
export function importDuply(profile: string, context: TargetContext, draft: Draft, around: Surroundings): void {
  const { name, directory } = findDuply(profile, around);
  const conf = `${directory}/conf`;
  const { variables, exported } = readConf(conf, draft, around);
  const value = (variable: string): string => variables[variable] ?? '';
  for (const variable of ['SOURCE', 'TARGET']) {
    if (value(variable) === '') throw new UsageError('BAD_PROFILE', `${conf} says no ${variable}.`);
  }
  draft.set('', 'include', [pathToml(value('SOURCE'))]);
  const { secrets, ...keys } = encryption(value, around);
  writeTarget(targetUrl(value), { ...secrets, ...targetPassword(value), ...exported }, context, draft, conf);
  const words = [
    ...(value('ARCH_DIR') === '' ? ['--name', `duply_${name}`] : archiveDir(value('ARCH_DIR'), name)),
    ...keys.words,
    '--verbosity',
    value('VERBOSITY') || '4',
    ...(value('GPG_OPTS') === '' || keys.isOff ? [] : ['--gpg-options', value('GPG_OPTS')]),
    ...(value('TEMP_DIR') === '' ? [] : ['--tempdir', value('TEMP_DIR')]),
    ...parameters(value('DUPL_PARAMS'), around),
    ...(keys.usesAgent ? ['--use-agent'] : []),
    ...(value('GPG') === '' || value('GPG') === 'gpg' ? [] : ['--gpg-binary', value('GPG')]),
    '--exclude-filelist',
    `${directory}/exclude`,
  ];
  writeOptions(optionsOf(words, directory, draft), draft);
  rest(value, directory, draft);
}

function readConf(conf: string, draft: Draft, around: Surroundings) {
  const variables: Record<string, string> = {};
  const exported: Record<string, string> = {};
  let text: string;
  try {
    text = around.readFile(conf).toString('utf8');
  } catch (cause) {
    throw new UsageError('BAD_PROFILE', `Cannot read ${conf}.`, { cause });
  }
  for (const { assignments, words, line, unclear } of shellCommands(text, around.env)) {
    const isPlain = words.length === 0 || words[0] === 'export';
    if (!isPlain || unclear !== undefined)
      draft.note(`Line ${line} of ${conf} can only be told by a shell: see what it sets.`);
    if (!isPlain) continue;
    Object.assign(variables, assignments);
    if (words[0] === 'export') Object.assign(exported, assignments);
    for (const name of words.slice(1)) if (variables[name] !== undefined) exported[name] = variables[name];
  }
  return { variables, exported };
}

/** duply asks gpg whether the first key can sign, where nothing is said about it. */
function encryption(value: (name: string) => string, { env }: Surroundings) {
  const split = (text: string): readonly string[] => text.split(/[\s,]+/).filter((word) => word !== '');
  const all = split(`${value('GPG_KEY')},${value('GPG_KEYS_ENC')}`);
  const [first = ''] = all;
  if (/^disabled$/i.test(first)) return { words: ['--no-encryption'], secrets: {}, usesAgent: false, isOff: true };
  const secrets = {
    ...(value('GPG_PW') !== '' && { PASSPHRASE: value('GPG_PW') }),
    ...(value('GPG_PW_SIGN') !== '' && { SIGN_PASSPHRASE: value('GPG_PW_SIGN') }),
  };
  const isSymmetric = all.length === 0;
  const said = value('GPG_KEY_SIGN');
  const signing = said === '' ? canSign(first, env) : !/^disabled$/i.test(said);
  const signer = said === '' ? first : said;
  const words = [
    ...all.flatMap((key) => ['--encrypt-key', key]),
    ...(signing && !isSymmetric ? ['--sign-key', signer] : []),
  ];
  const knowsAll = value('GPG_PW') !== '' && (!signing || value('GPG_PW_SIGN') !== '' || signer === first);
  return { words, secrets, usesAgent: !isSymmetric && !knowsAll, isOff: false };
}

function canSign(key: string, env: Surroundings['env']): boolean {
  if (key === '') return false;
  const { status } = spawnSync('gpg', ['--batch', '--list-secret-keys', key], { env: { ...env }, stdio: 'ignore' });
  return status === 0;
}

function archiveDir(directory: string, name: string): readonly string[] {
  const old = `duply_${name}`;
  return ['--archive-dir', directory, '--name', existsSync(`${directory}/${old}`) ? old : name];
}

/** The user stands in the URL, as duply puts it there. */
function targetUrl(value: (name: string) => string): string {
  const target = value('TARGET');
  const user = value('TARGET_USER');
  const [, start = '', credentials = '', rest = ''] = /^([\w+.-]+:\/\/)(?:([^@]*)@)?(.*)$/.exec(target) ?? [];
  if (start === '' || /^file:/i.test(start)) return target;
  const [own = ''] = credentials.split(':');
  const name = user === '' ? own : encodeURIComponent(user);
  return name === '' ? withoutPassword(target).url : `${start}${name}@${rest}`;
}

function targetPassword(value: (name: string) => string): Readonly<Record<string, string>> {
  const password =
    value('TARGET_PASS') || value('TARGET_PW') || (withoutPassword(value('TARGET')).hadPassword ? 'in the URL' : '');
  const { scheme } = parseUrl(targetUrl(value));
  return password === '' ? {} : { [scheme.startsWith('imap') ? 'IMAP_PASSWORD' : 'FTP_PASSWORD']: password };
}

/** They are words for a shell, which duply has look at them once more. */
function parameters(text: string, around: Surroundings): readonly string[] {
  return shellCommands(text, around.env)[0]?.words ?? [];
}

function optionsOf(words: readonly string[], directory: string, draft: Draft): readonly Given[] {
  const list = `${directory}/exclude`;
  if (existsSync(list)) return takeApart([...words]).given;
  draft.note(`There is no ${list}.`);
  return takeApart(words.slice(0, -2)).given;
}

function rest(value: (name: string) => string, directory: string, draft: Draft): void {
  const age = value('MAX_AGE');
  if (/^(?:\d+[smhDWMY])+$/.test(age)) keepWithin(age, draft);
  else if (age !== '') draft.note(`MAX_AGE=${age} is not taken over: keep = { within = "30D" } takes an interval.`);
  for (const [name, action] of [
    ['MAX_FULL_BACKUPS', 'remove-all-but-n-full'],
    ['MAX_FULLS_WITH_INCRS', 'remove-all-inc-of-but-n-full'],
  ] as const) {
    if (value(name) !== '')
      draft.note(`${name}=${value(name)} is not taken over (${action} ${value(name)}): keep says which sets stay.`);
  }
  for (const name of ['DUPL_PRECMD', 'PYTHON']) if (value(name) !== '') draft.note(`${name} is not taken over.`);
  for (const [script, key] of [
    ['pre', 'before'],
    ['post', 'after'],
  ] as const) {
    const file = `${directory}/${script}`;
    if (existsSync(file))
      draft.table(
        'hook',
        { [key]: 'backup', run: ['bash', file] },
        'duply sets variables for it (SOURCE, TARGET_..., CMD_ERR), which are not there here.',
      );
  }
}
