import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gpgHome } from './openpgp/options/gpg-home.ts';

/** What a running agent, or gpg, keeps in its directory for itself. */
const OF_RUNS = /^(?:S\.|\.#|random_seed$)|\.lock$/;

interface GpgUse {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly options: readonly string[];
}

/** The keyring of the user with an agent of its own, which has cached nothing. It ends with the run. */
export interface FreshGpgHome extends GpgUse, Disposable {}

/**
 * Makes `directory` a home of gpg that leads to the keys in the user's: what opens with it opens on a machine that has the
 * keyring and the passphrase, and not because somebody has typed it an hour ago.
 */
export function freshGpgHome(directory: string, { env, options }: GpgUse): FreshGpgHome {
  const at = options.findIndex((word) => word === '--homedir' || word.startsWith('--homedir='));
  const word = options[at] ?? '';
  const isApart = word === '--homedir';
  const named = at < 0 ? undefined : isApart ? options[at + 1] : word.slice('--homedir='.length);
  const own = gpgHome(env, named);
  mkdirSync(directory, { mode: 0o700 });
  for (const name of own === undefined ? [] : namesIn(own)) {
    if (!OF_RUNS.test(name)) symlinkSync(resolve(own ?? '', name), join(directory, name));
  }
  return {
    env: { ...env, GNUPGHOME: directory },
    options: at < 0 ? options : options.toSpliced(at, isApart ? 2 : 1),
    [Symbol.dispose]: () => {
      // It would end by itself when it finds its directory gone, a minute later.
      spawnSync('gpgconf', ['--homedir', directory, '--kill', 'gpg-agent'], { stdio: 'ignore' });
    },
  };
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
