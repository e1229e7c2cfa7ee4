import { readFileSync } from 'node:fs';

import { homeDirectory } from '../util/account.ts';
import type { EpochSeconds } from '../util/time.ts';
import { recoverWords } from './words/raw-argv.ts';

/** What the command line may ask of the world while it is read. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: EpochSeconds;
  /** Home directory of the caller, if there is one. */
  readonly home: string | undefined;
  /** Home directory of an account, undefined when there is no such account. */
  homeOf(user: string): string | undefined;
  /** Content of a file list; throws what node:fs throws. */
  readFile(path: string | Buffer): Buffer;
  readStdin(): Buffer;
}

/** The surroundings of this process. */
export function processSurroundings(): Surroundings {
  return {
    env: process.env,
    now: Date.now() / 1000,
    get home() {
      return homeDirectory(process.env);
    },
    homeOf: accountHome,
    readFile: (path) => readFileSync(path),
    readStdin: () => readFileSync(0),
  };
}

/** The words this process was called with, bytes that are not UTF-8 included. */
export function processWords(): readonly string[] {
  return recoverWords(process.argv.slice(2), () => readFileSync('/proc/self/cmdline'));
}

function accountHome(user: string): string | undefined {
  let accounts: string;
  try {
    accounts = readFileSync('/etc/passwd', 'utf8');
  } catch {
    return undefined;
  }
  for (const line of accounts.split('\n')) {
    const fields = line.split(':');
    if (fields[0] === user) return fields[5];
  }
  return undefined;
}
