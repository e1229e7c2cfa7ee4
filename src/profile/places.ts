import { lstatSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Surroundings } from '../cli/surroundings.ts';
import { UsageError } from '../errors/errors.ts';
import { errorCode } from '../util/errno.ts';
import { nearest } from '../util/text/nearest.ts';

const SYSTEM = '/etc/duplicity/profiles';
const ENDING = '.toml';
/** The file beside the profiles that they inherit from. */
export const DEFAULTS = `defaults${ENDING}`;

export interface ProfilePlace {
  readonly name: string;
  readonly file: string;
}

type Env = Pick<Surroundings, 'env' | 'home'>;

/** Where profiles lie, the user's own place first. Without a home directory there is only that of the system. */
export function profileDirectories({ env, home }: Env): readonly string[] {
  const config = env['XDG_CONFIG_HOME'];
  // A relative one is to be ignored, says the specification of that variable.
  const base = config?.startsWith('/') === true ? config : home && `${home}/.config`;
  return base === undefined || base === '' ? [SYSTEM] : [`${base}/duplicity/profiles`, SYSTEM];
}

/** Where a new profile of the user is written. */
export function ownDirectory(around: Env): string {
  const [first = SYSTEM] = profileDirectories(around);
  return first;
}

/** All profiles by name; one of the user hides that of the system which is called the same. */
export function listProfiles(around: Env): readonly ProfilePlace[] {
  const found = new Map<string, ProfilePlace>();
  for (const directory of profileDirectories(around)) {
    for (const file of filesIn(directory)) {
      const name = file.slice(0, -ENDING.length);
      if (!found.has(name)) found.set(name, { name, file: join(directory, file) });
    }
  }
  return [...found.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function filesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory).filter((name) => name.endsWith(ENDING) && name !== DEFAULTS && !name.startsWith('.'));
  } catch {
    return [];
  }
}

/** The file of a profile: a word with a slash or `.toml` at its end is a path, another a name. */
export function findProfile(word: string, around: Env): ProfilePlace {
  if (word.includes('/') || word.endsWith(ENDING)) return { name: basename(word).replace(/\.toml$/, ''), file: word };
  checkName(word);
  const directories = profileDirectories(around);
  for (const directory of directories) {
    const file = `${directory}/${word}${ENDING}`;
    if (isThere(file)) return { name: word, file };
  }
  const meant = nearest(
    word,
    listProfiles(around).map(({ name }) => name),
  );
  const places = directories.map((directory) => `${directory}/${word}${ENDING}`).join(' and ');
  throw new UsageError(
    'BAD_PROFILE',
    `There is no profile "${word}": ${places} ${directories.length > 1 ? 'are' : 'is'} not there.`,
    {
      hint:
        meant === undefined ? `Make one with duplicity profile new ${word}, or name a file.` : `Is "${meant}" meant?`,
    },
  );
}

/** What is a name of a profile: of a file, of units of systemd, of labels of metrics. */
export function checkName(name: string): void {
  if (/^[A-Za-z0-9_][\w.-]*$/.test(name) && name !== 'defaults') return;
  throw new UsageError('BAD_PROFILE', `"${name}" cannot be the name of a profile.`, {
    hint: 'Names are of letters, digits, "_", "-" and ".", and "defaults" is that of the file all inherit from.',
  });
}

/** Beside the place where the profile was found, be it a link. */
export function defaultsBeside(file: string): string | undefined {
  const path = join(dirname(file), DEFAULTS);
  return basename(file) !== DEFAULTS && isThere(path) ? path : undefined;
}

/** Also a link that leads nowhere, and what may not be looked at: it was meant. */
function isThere(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    return errorCode(error) !== 'ENOTDIR';
  }
}
