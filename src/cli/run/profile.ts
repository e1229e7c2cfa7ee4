import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { DuplicityError, LocalError, UsageError } from '../../errors/errors.ts';
import type { Emit } from '../../events/events.ts';
import { problemText, type Problem } from '../../profile/file/at.ts';
import { importProfile } from '../../profile/import/import.ts';
import {
  checkName,
  DEFAULTS,
  defaultsBeside,
  findProfile,
  listProfiles,
  ownDirectory,
  profileDirectories,
} from '../../profile/places.ts';
import { checkDefaults, loadProfile, type Profile, ProfileError } from '../../profile/profile.ts';
import { showLines, shownStores, shownValues } from '../../profile/show.ts';
import { newProfile } from '../../profile/write/new.ts';
import { report } from '../../ui/results/report.ts';
import { errorCode } from '../../util/errno.ts';
import { nearest } from '../../util/text/nearest.ts';
import { counted } from '../../util/counted.ts';
import type { ProfileCommand } from '../command.ts';
import type { Surroundings } from '../surroundings.ts';

const VERBS = ['check', 'show', 'new', 'import'] as const;

/** `profile check`, `show`, `new` and `import`. Answers the exit status. */
export async function runProfile(command: ProfileCommand, around: Surroundings, emit: Emit): Promise<number> {
  const [verb = '', ...words] = command.words;
  switch (verb) {
    case 'check':
      return checkProfiles(words, around, emit);
    case 'show':
      return showProfile(
        one(words, 'show takes the name of a profile, or its file.'),
        command.settings.origin,
        around,
        emit,
      );
    case 'new':
      return writeProfile(one(words, 'new takes the name of the profile.'), command, around, emit);
    case 'import': {
      const word = one(words, 'import takes one word, such as duply:NAME.');
      const draft = await importProfile(word, secretsDirectory(around), around);
      emit({ kind: 'forced', text: draft.text().trimEnd() });
      report(emit, 'profile', { kind: 'imported', file: undefined, text: draft.text(), notes: draft.notes });
      return 0;
    }
    default: {
      const meant = nearest(verb, VERBS);
      const hint =
        meant === undefined
          ? 'profile check, profile show NAME, profile new NAME, profile import duply:NAME'
          : `Is "profile ${meant}" meant?`;
      throw new UsageError('COMMAND_LINE', 'profile takes check, show, new or import.', { hint });
    }
  }
}

function one(words: readonly string[], text: string): string {
  const [word] = words;
  if (word === undefined || words.length > 1) throw new UsageError('COMMAND_LINE', `profile ${text}`);
  return word;
}

/** All that is wrong with all of them, before the run fails. */
function checkProfiles(words: readonly string[], around: Surroundings, emit: Emit): number {
  const places = words.length === 0 ? listProfiles(around) : words.map((word) => findProfile(word, around));
  if (places.length === 0) {
    throw new UsageError('BAD_PROFILE', `There is no profile in ${profileDirectories(around).join(' and ')}.`, {
      hint: 'Make one with duplicity profile new NAME --include PATH --to URL.',
    });
  }
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  const loaded: Profile[] = [];
  const tried = (read: () => void): void => {
    try {
      read();
    } catch (error) {
      if (!(error instanceof DuplicityError)) throw error;
      problems.push(...problemsIn(error));
    }
  };
  // A value of the defaults may be wrong and be overridden by every profile.
  const shared = new Set(places.flatMap(({ file }) => defaultsBeside(file) ?? []));
  for (const file of shared) tried(() => checkDefaults(file, around));
  for (const { file, name } of places) {
    tried(() => {
      if (file.endsWith(`/${DEFAULTS}`)) checkDefaults(file, around);
      else loaded.push(loadProfile(words.length === 0 ? file : file === name ? name : file, around));
    });
  }
  for (const profile of loaded) warnings.push(...profile.warnings);
  problems.push(...sharedUrls(loaded));
  const told = unique(problems);
  for (const warning of unique(warnings)) emit({ kind: 'warning', text: problemText(warning) });
  report(emit, 'profile', { kind: 'checked', profiles: places, problems: told, warnings: unique(warnings) });
  if (told.length > 0) throw new ProfileError(told);
  for (const { name, file } of places) emit({ kind: 'forced', text: `${name} is in order (${file}).` });
  return 0;
}

/** Failures to read a file have its place in their text. */
function problemsIn(error: DuplicityError): readonly Problem[] {
  if (error instanceof ProfileError) return error.problems;
  const [, file = '', line = '1', column = '1', text = ''] = /^(.*?):(\d+):(\d+): ([^]*)$/.exec(error.message) ?? [];
  if (text !== '') return [{ at: { file, line: Number(line), column: Number(column) }, text, hint: error.hint }];
  const [, path = 'profile'] = /^The profile (.*) (?:is|may|cannot) /.exec(error.message) ?? [];
  return [{ at: { file: path, line: 1, column: 1 }, text: error.message, hint: error.hint }];
}

/** Two backups at one place would take each other for their own. */
function sharedUrls(profiles: readonly Profile[]): readonly Problem[] {
  const users = new Map<string, string>();
  return profiles.flatMap(({ name, stores, tree }) =>
    stores.flatMap(({ url, options }): readonly Problem[] => {
      const prefixes = options.filter((given) => given.name.startsWith('filePrefix')).flatMap(({ words }) => words);
      const key = [url.replace(/\/+$/, ''), ...prefixes].join(' ');
      const other = users.get(key);
      if (other === undefined) users.set(key, name);
      if (other === undefined || other === name) return [];
      const text = `The profile ${name} goes to ${url}, and so does the profile ${other}.`;
      return [
        { at: tree.at, text, hint: 'Give each a place of its own; in defaults.toml {profile} stands for the name.' },
      ];
    }),
  );
}

function unique(problems: readonly Problem[]): readonly Problem[] {
  return [...new Map(problems.map((problem) => [problemText(problem), problem])).values()];
}

function showProfile(word: string, withOrigin: boolean, around: Surroundings, emit: Emit): number {
  const profile = loadProfile(word, around);
  for (const warning of profile.warnings) emit({ kind: 'warning', text: problemText(warning) });
  for (const text of showLines(profile, withOrigin, around)) emit({ kind: 'forced', text });
  const { name, file, defaults, source, tree } = profile;
  const [values, stores] = [shownValues(tree), shownStores(profile, around)];
  report(emit, 'profile', { kind: 'shown', name, file, defaults, source, values, stores });
  return 0;
}

function writeProfile(word: string, { given }: ProfileCommand, around: Surroundings, emit: Emit): number {
  const isFile = word.includes('/') || word.endsWith('.toml');
  if (!isFile) checkName(word);
  const file = isFile ? word : `${ownDirectory(around)}/${word}.toml`;
  const name = isFile ? (word.split('/').at(-1) ?? word).replace(/\.toml$/, '') : word;
  const draft = newProfile(name, given, secretsDirectory(around), around);
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    // Nothing is ever overwritten.
    writeFileSync(file, draft.text(), { flag: 'wx', mode: 0o600 });
  } catch (cause) {
    if (errorCode(cause) === 'EEXIST') {
      throw new UsageError('BAD_PROFILE', `${file} is there already, and is left as it is.`, {
        hint: 'Choose another name, or edit it.',
      });
    }
    throw new LocalError('BAD_PROFILE', `Cannot write ${file}: ${errorCode(cause) ?? String(cause)}.`, { cause });
  }
  emit({ kind: 'forced', text: `${file} is written.` });
  report(emit, 'profile', { kind: 'written', file, text: draft.text(), notes: draft.notes });
  return tellState(file, around, emit);
}

/** What the new file lacks is no failure: it is to be edited. */
function tellState(file: string, around: Surroundings, emit: Emit): number {
  try {
    for (const warning of loadProfile(file.includes('/') ? file : `./${file}`, around).warnings) {
      emit({ kind: 'warning', text: problemText(warning) });
    }
  } catch (error) {
    if (!(error instanceof ProfileError)) throw error;
    const { problems } = error;
    emit({
      kind: 'warning',
      text: `${counted(problems.length, 'thing')} to be filled in:\n${problems.map(problemText).join('\n')}`,
    });
  }
  return 0;
}

/** Beside the profiles. */
function secretsDirectory(around: Surroundings): string {
  return `${dirname(ownDirectory(around))}/secrets`;
}
