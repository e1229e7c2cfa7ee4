import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

import { UsageError } from '../../../errors/errors.ts';
import { errorCode } from '../../../util/errno.ts';
import type { OpenOptions } from '../../open-options.ts';
import { SYSTEM_FILE } from './config-file.ts';
import type { Keywords } from './ssh-options.ts';
import { withoutOurSecrets } from '../../../util/secret-names.ts';

/** What the ssh program is asked for. */
export interface Question {
  /** Of `-F`. */
  readonly configFile: string | undefined;
  /** Options of the command line, those of the URL first. */
  readonly words: readonly string[];
  /** The host as it is written in the URL. */
  readonly host: string;
  readonly home: string;
}

type Asking = Pick<OpenOptions, 'env' | 'signal' | 'tempDir'>;

/**
 * What ssh makes of its options and files for a host, by `ssh -G`: it knows best how it reads them. undefined where there
 * is no ssh, or none that runs for this user. Nothing is connected.
 */
export async function askSsh(question: Question, options: Asking): Promise<Keywords | undefined> {
  const { configFile, home } = question;
  const own = passwordFileHome();
  if (own === undefined) return undefined;
  if (configFile !== undefined) return answerOf(question, ['-F', configFile], options);
  if (home === own) {
    const found = await answerOf(question, [], options);
    if (found !== UNSAFE) return found;
  }
  // ssh goes by the password file; the rest of this program by HOME.
  const directory = mkdtempSync(join(options.tempDir?.() ?? tmpdir(), 'ssh-'));
  try {
    const file = join(directory, 'config');
    writeFileSync(file, `Include "${home}/.ssh/config"\nMatch all\nInclude "${SYSTEM_FILE}"\n`);
    return await answerOf(question, ['-F', file], options);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Others may write into the file. ssh itself reads it when it is named, and the reference reads it anyway. */
const UNSAFE: Keywords = new Map();

async function answerOf(question: Question, file: readonly string[], options: Asking): Promise<Keywords | undefined> {
  const ended = await run(['-G', ...file, ...question.words, '--', question.host], options);
  if (ended === undefined || /^No user exists for uid/m.test(ended.stderr)) return undefined;
  if (ended.status === 0) return keywordsOf(ended.stdout);
  if (file.length === 0 && /^Bad owner or permissions/m.test(ended.stderr)) return UNSAFE;
  const said = ended.stderr.split('\n').find((line) => line.trim() !== '' && !line.startsWith('Pseudo-terminal'));
  throw new UsageError('USER_ERROR', `ssh does not take its configuration for ${question.host}: ${said?.trim()}`, {
    hint: 'Correct the file or the option it names: nothing can connect with it.',
  });
}

/** Of a repeated keyword, such as `identityfile`, all values. */
function keywordsOf(text: string): Keywords {
  const found = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [, keyword, value] = /^(\S+) (.*)$/.exec(line) ?? [];
    if (keyword === undefined || value === undefined) continue;
    const name = keyword.toLowerCase();
    const known = found.get(name);
    if (known === undefined) found.set(name, [value]);
    else known.push(value);
  }
  return found;
}

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** undefined: there is no such program. Commands of `Match exec` run in it, and get no secrets of ours. */
function run(args: readonly string[], { env, signal }: Asking): Promise<Ended | undefined> {
  const clean = withoutOurSecrets(env ?? process.env);
  return new Promise((resolve, reject) => {
    const child = spawn('ssh', args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...clean, LC_ALL: 'C' }, signal });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.once('error', (error) => {
      if (signal.aborted) reject(signal.reason);
      else if (errorCode(error) === 'ENOENT' || errorCode(error) === 'EACCES') resolve(undefined);
      else reject(error);
    });
    child.once('close', (status) => (signal.aborted ? reject(signal.reason) : resolve({ status, stdout, stderr })));
  });
}

/** Where ssh looks for its files; undefined for a user without an entry there, for whom it does not run. */
function passwordFileHome(): string | undefined {
  try {
    return userInfo().homedir;
  } catch {
    return undefined;
  }
}
