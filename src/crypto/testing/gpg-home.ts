import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { GpgSettings } from '../gpg/settings.ts';
import { Secret } from '../../util/secret.ts';

export const GOLDEN = join(import.meta.dirname, '../../../test/golden/data');

/** Key ids of test/golden/data/keys; the passphrase of both secret keys is `golden`. */
export const RSA = '1892105128621A1A';
export const ECC = '0FC361F22F3AB9E8';
const PASSPHRASE = new Secret('golden');

export interface GpgHome {
  readonly dir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Imports key files of the golden data, such as `rsa.sec`. */
  add(...keys: string[]): void;
  /** Runs gpg in this home; its output. */
  gpg(...args: string[]): string;
  /** Makes the agent forget the passphrases it was given. */
  forget(): void;
  settings(over?: Partial<GpgSettings>): GpgSettings;
}

/** A GnuPG home of its own for a test file; its agent ends with the file. */
export function gpgHome(): GpgHome {
  // Not below the temporary directory of the system settings: the agent's socket allows about 100 characters.
  const dir = mkdtempSync('/tmp/gh-');
  // Cheap key derivation for the keys imported here: it would be most of the time the tests take. And nobody to ask.
  writeFileSync(join(dir, 'gpg-agent.conf'), 's2k-count 65536\npinentry-program /bin/false\n');
  const env = { ...process.env, GNUPGHOME: dir };
  const control = (...args: string[]): void => {
    execFileSync('gpgconf', args, { env, stdio: 'ignore' });
  };
  const gpg = (...args: string[]): string =>
    execFileSync('gpg', ['--batch', '--no-tty', '--pinentry-mode=loopback', '--passphrase', 'golden', ...args], {
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  afterAll(() => {
    control('--kill', 'all');
    rmSync(dir, { recursive: true, force: true });
  });
  return {
    dir,
    env,
    gpg,
    add(...keys) {
      for (const key of keys) gpg('--import', join(GOLDEN, 'keys', `${key}.asc`));
    },
    forget: () => control('--reload', 'gpg-agent'),
    settings: (over = {}) => ({
      binary: 'gpg',
      options: ['--trust-model=always', '--s2k-count=65536'],
      recipients: [],
      hiddenRecipients: [],
      useAgent: false,
      compression: true,
      passphrase: PASSPHRASE,
      env,
      ...over,
    }),
  };
}
