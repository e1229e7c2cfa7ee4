import { ECC_KEY, PASSPHRASE, RSA_KEY } from './gnupg.ts';
import { endedWith } from './ended.ts';
import type { RunOptions, RunResult } from './processes.ts';
import { runDuplicity, runReference } from './run.ts';

/** The two programs that must be able to take each other's place. */
export type Program = 'ours' | 'the reference';

export const PROGRAMS: readonly Program[] = ['ours', 'the reference'];

export function other(program: Program): Program {
  return program === 'ours' ? 'the reference' : 'ours';
}

/** Runs it; it must end with this status. */
export async function perform(
  program: Program,
  args: readonly string[],
  options: RunOptions,
  status = 0,
): Promise<RunResult> {
  const run = program === 'ours' ? runDuplicity : runReference;
  return endedWith(status, await run(args, options));
}

/** A way of encoding files, in the words of both programs. */
export interface Mode {
  readonly name: string;
  /** For backups. */
  readonly writing: readonly string[];
  /** For everything that reads. Keys are named only where a signature is to be checked. */
  readonly reading: readonly string[];
  readonly isEncrypted: boolean;
}

// Protection by passphrase costs 0.25 s per file by default; smoke.test.ts and the fixtures have that.
const CHEAP = ['--gpg-options', '--s2k-count=65536'];

export const MODES = {
  plain: unencrypted('plain', ['--no-encryption', '--no-compression']),
  gz: unencrypted('gz', ['--no-encryption']),
  symmetric: encrypted('symmetric', CHEAP, CHEAP),
  symmetricByDefault: encrypted('symmetric', []),
  publicKey: encrypted('public key', ['--encrypt-key', RSA_KEY]),
  signed: encrypted('signed', ['--encrypt-key', RSA_KEY, '--sign-key', ECC_KEY], ['--sign-key', ECC_KEY]),
  hidden: encrypted('hidden recipient', ['--hidden-encrypt-key', ECC_KEY]),
} as const;

/** What gpg needs for all modes, with the keys of this GNUPGHOME. */
export function gpgEnv(gnupgHome: string): Record<string, string> {
  return { GNUPGHOME: gnupgHome, PASSPHRASE, SIGN_PASSPHRASE: PASSPHRASE };
}

/** What a status, list or verify printed, without the directory of the cache and what was fetched to it. */
export function essence({ stdout }: RunResult): string {
  const start = stdout.indexOf('Last full backup date');
  if (start < 0) throw new Error(`not the output of a command that looks at the collection:\n${stdout}`);
  return stdout.slice(start).replace(/^(?:Archive dir|Connecting with backend): .*\n/gm, '');
}

function unencrypted(name: string, writing: readonly string[]): Mode {
  return { name, writing, reading: ['--no-encryption'], isEncrypted: false };
}

function encrypted(name: string, writing: readonly string[], reading: readonly string[] = []): Mode {
  return { name, writing, reading, isEncrypted: true };
}
