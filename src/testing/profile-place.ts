import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import type { RunCommand } from '../cli/command.ts';
import { parseCommandLine } from '../cli/parse.ts';
import type { Surroundings } from '../cli/surroundings.ts';
import { DuplicityError } from '../errors/errors.ts';
import { requestFor } from '../profile/command-line.ts';
import { loadProfile, type Profile } from '../profile/profile.ts';

/** The first line of a profile, and the two that it cannot do without. */
export const START = 'version = 1\n';
export const WHERE = 'include = ["/home/me"]\nto = "file:///mnt/backup"\n';

/** A directory of profiles, for one test. */
export interface ProfilePlace {
  readonly dir: string;
  /** Of a user whose home is /home/me. */
  readonly around: (env?: Readonly<Record<string, string>>) => Surroundings;
  /** Writes a profile, called p unless it is said. Answers its file. */
  readonly put: (text: string | Buffer, name?: string) => string;
  readonly load: (text: string | Buffer, around?: Surroundings) => Profile;
  /** What is said against a profile, without the directory; `nothing` when it is right. */
  readonly failure: (text: string | Buffer, around?: Surroundings) => string;
  /** Its backup, and that of a command line. */
  readonly backup: (profile: Profile) => RunCommand;
  readonly typed: (...words: readonly string[]) => RunCommand;
}

/** Below a directory of the caller. */
export function profilePlace(top: string): ProfilePlace {
  const dir = mkdtempSync(`${top}/`);
  const profiles = `${dir}/config/duplicity/profiles`;
  mkdirSync(profiles, { recursive: true });

  const here: ProfilePlace['around'] = (env = {}) => ({
    env: { XDG_CONFIG_HOME: `${dir}/config`, ...env },
    now: 1_700_000_000,
    home: '/home/me',
    homeOf: () => undefined,
    readFile: (path) => readFileSync(path),
    readStdin: () => Buffer.from(''),
  });

  function put(text: string | Buffer, name = 'p'): string {
    const file = `${profiles}/${name}.toml`;
    writeFileSync(file, text);
    return file;
  }

  function load(text: string | Buffer, around = here()): Profile {
    put(text);
    return loadProfile('p', around);
  }

  function failure(text: string | Buffer, around = here()): string {
    try {
      load(text, around);
    } catch (error) {
      if (!(error instanceof DuplicityError)) throw error;
      const status = error.code === 'BAD_PROFILE' && error.exitCode === 2 ? '' : `${error.code}: `;
      return `${status}${error.message} ${error.hint ?? ''}`.trim().replaceAll(`${profiles}/`, '');
    }
    return 'nothing';
  }

  return {
    dir,
    around: here,
    put,
    load,
    failure,
    backup: (profile) => requestFor(profile, storeOf(profile), 'backup', here()),
    typed: (...words) => parseCommandLine(words, here()) as RunCommand,
  };
}

/** The first store of a profile. */
export function storeOf({ stores: [store] }: Profile): Profile['stores'][number] {
  if (store === undefined) throw new Error('there is no store');
  return store;
}
