import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { homeDirectory } from '../../../util/account.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Read by GnuPG 2.3 and later, before the user's own. */
const SYSTEM_DIR = '/etc/gnupg';

/** gpg reads the first there is of `gpg.conf-2.2.40`, `gpg.conf-2.2`, `gpg.conf-2` and `gpg.conf`, by its version. */
const NAME = /^gpg\.conf(?:-\d+(?:\.\d+)*)?$/;

/** The directory that gpg keeps its keys in; undefined: nobody knows. */
export function gpgHome(env: Env, named: string | undefined): string | undefined {
  const own = named ?? env['GNUPGHOME'] ?? '';
  const user = homeDirectory(env);
  return own === '' ? user && join(user, '.gnupg') : own;
}

/** The texts of all option files a gpg of any version could read; undefined when one cannot be read. */
export function gpgConfigurations(env: Env, home: string | undefined): readonly string[] | undefined {
  const own = gpgHome(env, home);
  const dirs = [SYSTEM_DIR, ...(own === undefined ? [] : [own])];
  try {
    return dirs.flatMap((dir) => names(dir).map((name) => readFileSync(join(dir, name), 'utf8')));
  } catch {
    return undefined;
  }
}

function names(dir: string): string[] {
  try {
    return readdirSync(dir).filter((name) => NAME.test(name));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}
