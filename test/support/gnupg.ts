import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll } from 'vitest';
import { killAgents } from './home.ts';
import { golden } from './paths.ts';

/** The throw-away keys of test/golden/data/keys: the first RSA-2048, the second Ed25519 with Cv25519. */
export const RSA_KEY = '1892105128621A1A';
export const ECC_KEY = '0FC361F22F3AB9E8';
/** Of both secret keys, and of every symmetric fixture. */
export const PASSPHRASE = 'golden';

const made: string[] = [];

afterAll(() => {
  for (const home of made.splice(0)) {
    killAgents(home);
    rmSync(home, { recursive: true, force: true });
  }
});

/**
 * A GNUPGHOME with both key pairs, fully trusted; with `public` only their public halves, with `rsa`
 * the secret half of the first only, with `ecc` that of the second. Its agent is stopped after the
 * last test of the file. Not in TMPDIR: the path of the agent's socket may have 107 bytes at most.
 */
export function gnupgHome(keys: 'secret' | 'public' | 'rsa' | 'ecc' = 'secret'): string {
  const home = mkdtempSync('/tmp/dt-gpg-');
  made.push(home);
  // The agent protects what it imports so that each use takes it 0.1 s or more: made cheap, these keys are no secret.
  writeFileSync(`${home}/gpg-agent.conf`, 's2k-count 65536\n');
  const rsa = keys === 'public' || keys === 'ecc' ? 'pub' : 'sec';
  const ecc = keys === 'secret' || keys === 'ecc' ? 'sec' : 'pub';
  gpg(home, ['--import', golden(`keys/rsa.${rsa}.asc`), golden(`keys/ecc.${ecc}.asc`)]);
  const listed = gpg(home, ['--with-colons', '--list-keys']);
  const primary = [...listed.matchAll(/^pub:.*\n(?:fpr:+)([0-9A-F]{40}):/gm)];
  gpg(home, ['--import-ownertrust'], primary.map((match) => `${match[1]}:6:\n`).join(''));
  return home;
}

function gpg(home: string, args: readonly string[], input = ''): string {
  const result = spawnSync('gpg', ['--homedir', home, '--batch', '--quiet', ...args], { input, encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`gpg ${args.join(' ')}: ${result.stderr}`);
  return result.stdout;
}
