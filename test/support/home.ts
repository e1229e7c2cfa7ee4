import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
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
    PATH: process.env['PATH'],
    LANG: 'C.UTF-8',
    TZ: 'UTC',
    HOME: home,
    XDG_CACHE_HOME: `${home}/.cache`,
    TMPDIR: `${home}/tmp`,
    ...extra,
  };
}

export function killAgents(gnupgHome: string): void {
  spawnSync('gpgconf', ['--homedir', gnupgHome, '--kill', 'all'], { stdio: 'ignore' });
}
