import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { LocalError } from '../../errors/errors.ts';
import { errorCode } from '../../util/errno.ts';
import { withoutOurSecrets } from '../../util/secret-names.ts';
import { Secret } from '../../util/secret.ts';
import { expandPath } from '../../cli/words/expand.ts';
import type { Surroundings } from '../../cli/surroundings.ts';
import type { SecretSource } from '../schema/secret.ts';

/** How long a program may think about a secret, or wait for a person to unlock it. */
const PATIENCE_MS = 60_000;
const OTHERS_MAY_READ = 0o044;

/** The secret of a source: its first line. `LocalError` that names the source, never what it said. */
export function revealSecret(source: SecretSource, around: Surroundings): Secret {
  const text = firstLine(read(source, around));
  if (text !== '') return new Secret(text);
  throw new LocalError('BAD_PROFILE', `There is no secret in ${sourceText(source)}.`, {
    hint: 'It is the first line, and that is empty.',
  });
}

/** A source for people. */
function sourceText({ file, command, env, credential, keyring }: SecretSource): string {
  if (file !== undefined) return `the file ${file}`;
  if (command !== undefined) return `the output of ${command[0] ?? ''}`;
  if (env !== undefined) return `the variable ${env}`;
  if (credential !== undefined) return `the credential ${credential}`;
  return `the keyring (${Object.keys(keyring ?? {}).join(', ')})`;
}

/** Where the file of a secret is, if it comes from one. */
function secretFile({ file, credential }: SecretSource, around: Surroundings): string | undefined {
  if (file !== undefined) return expandPath(file, around);
  const directory = around.env['CREDENTIALS_DIRECTORY'];
  return credential === undefined || directory === undefined ? undefined : `${directory}/${credential}`;
}

/** What is odd about the file of a secret: it is not there, or others may read it. undefined when all is well. */
export function secretOddity(source: SecretSource, around: Surroundings): { text: string; hint: string } | undefined {
  const file = source.file === undefined ? undefined : secretFile(source, around);
  if (file === undefined) return undefined;
  try {
    const { mode } = statSync(file);
    if ((mode & OTHERS_MAY_READ) === 0) return undefined;
    return { text: `Others may read the secret in ${file}.`, hint: `Run chmod 600 ${file}.` };
  } catch (error) {
    const what = errorCode(error) === 'ENOENT' ? 'is not there' : 'cannot be looked at';
    return { text: `The file ${file} of a secret ${what}.`, hint: 'A run that needs it will fail.' };
  }
}

function read(source: SecretSource, around: Surroundings): string {
  const { command, env, credential, keyring } = source;
  if (env !== undefined) {
    const value = around.env[env];
    if (value !== undefined) return value;
    throw new LocalError('BAD_PROFILE', `The variable ${env}, where a secret comes from, is not set.`);
  }
  if (command !== undefined) return output(command, around);
  if (keyring !== undefined) return output(['secret-tool', 'lookup', ...Object.entries(keyring).flat()], around);
  const file = secretFile(source, around);
  if (file === undefined) {
    throw new LocalError(
      'BAD_PROFILE',
      `The credential ${credential ?? ''} is not here: CREDENTIALS_DIRECTORY is not set.`,
      {
        hint: 'Run as a service of systemd with LoadCredential=.',
      },
    );
  }
  try {
    return around.readFile(file).toString('utf8');
  } catch (cause) {
    throw new LocalError('BAD_PROFILE', `Cannot read the secret in ${file}: ${errorCode(cause) ?? String(cause)}.`, {
      cause,
    });
  }
}

function output([program = '', ...words]: readonly string[], { env }: Surroundings): string {
  const { status, signal, stdout, error } = spawnSync(program, words, {
    // What unlocks a store of passwords may be another secret.
    env: withoutOurSecrets(env),
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    timeout: PATIENCE_MS,
  });
  if (errorCode(error) === 'ENOENT') {
    const hint = program === 'secret-tool' ? 'It comes with libsecret-tools.' : 'Write its whole path.';
    throw new LocalError('BAD_PROFILE', `The program ${program}, where a secret comes from, is not installed.`, {
      hint,
    });
  }
  if (status === 0) return stdout;
  const end =
    errorCode(error) === 'ETIMEDOUT' ? 'took longer than a minute' : `ended with ${status ?? signal ?? 'a failure'}`;
  throw new LocalError('BAD_PROFILE', `The program ${program}, where a secret comes from, ${end}.`, { cause: error });
}

function firstLine(text: string): string {
  return /^[^\r\n]*/.exec(text)?.[0] ?? '';
}
