import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { delimiter, dirname } from 'node:path';
import { afterAll, TestRunner } from 'vitest';
import { tempDir } from './temp.ts';

const homes = new Map<string, string>();

// An agent that gpg started there would outlive the directory. Hooks run in reverse: this one before the removal.
afterAll(() => {
  for (const home of homes.values()) if (existsSync(`${home}/.gnupg`)) killAgents(`${home}/.gnupg`);
});

/**
 * The home directory of the running test: one per test, so that no archive dir is shared; outside of tests (beforeAll)
 * one per file. Pass the result on as `home` where a test is to continue on "the machine" of another.
 */
export function testHome(): string {
  const key = TestRunner.getCurrentTest()?.id ?? 'file';
  const known = homes.get(key);
  if (known !== undefined) return known;
  const home = tempDir();
  homes.set(key, home);
  return home;
}

/**
 * A whole environment, made from nothing: of this process only PATH and what selects programs under test go in, so that
 * no passphrase, proxy or setting of the developer decides a test.
 */
export function isolatedEnv(home: string, extra: Readonly<Record<string, string | undefined>> = {}): NodeJS.ProcessEnv {
  mkdirSync(`${home}/tmp`, { recursive: true });
  return {
    PATH: searchPath(),
    LANG: 'C.UTF-8',
    TZ: 'UTC',
    HOME: home,
    XDG_CACHE_HOME: `${home}/.cache`,
    TMPDIR: `${home}/tmp`,
    ...extra,
  };
}

/** PATH, with the Node.js under test as its `node`. */
export function searchPath(): string {
  const path = process.env['PATH'] ?? '';
  const node = process.env['DUPLICITY_NODE'];
  return node === undefined ? path : `${dirname(node)}${delimiter}${path}`;
}

export function killAgents(gnupgHome: string): void {
  spawnSync('gpgconf', ['--homedir', gnupgHome, '--kill', 'all'], { stdio: 'ignore' });
}

/** What a machine needs to reach the npm registry (proxy, own certificates, a mirror); for `env` of a run that installs. */
export function registryEnv(): Record<string, string | undefined> {
  const wanted =
    /^(node_extra_ca_certs|ssl_cert_file|ssl_cert_dir|https?_proxy|no_proxy|npm_config_(registry|cafile|cache))$/i;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => wanted.test(name)));
}
