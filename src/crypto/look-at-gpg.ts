import { execFile, type ExecFileException } from 'node:child_process';
import { connect } from 'node:net';
import { keyFacts, stateInWords } from './gpg/key-state.ts';
import { cannotRun } from './gpg/run/process.ts';
import { gpgEnvironment } from './gpg/run/environment.ts';
import type { GpgSettings } from './gpg/settings.ts';

export { keyFacts, stateInWords };

/** Sockets cannot have longer names. */
const LONGEST_SOCKET = 107;

/** The first line of what `gpg --version` says. Throws a `CryptoError` where it cannot be run. */
export async function gpgVersion({ binary, env }: Pick<GpgSettings, 'binary' | 'env'>): Promise<string> {
  const { error, stdout } = await answer(binary, ['--version'], env);
  if (error !== undefined && typeof error.code === 'string') throw cannotRun(binary, 'cannot run', error);
  return stdout.split('\n')[0] ?? '';
}

/** What is known of the agent that keeps secret keys. */
export interface AgentFacts {
  readonly socket: string;
  readonly isRunning: boolean;
  /** The system refuses names of sockets that are so long. */
  readonly isTooLong: boolean;
}

/** undefined where gpgconf does not tell. */
export async function agentFacts({ env }: Pick<GpgSettings, 'env'>): Promise<AgentFacts | undefined> {
  const { stdout } = await answer('gpgconf', ['--list-dirs', 'agent-socket'], env);
  const socket = decodeURIComponent(stdout.trim());
  if (socket === '') return undefined;
  return { socket, isRunning: await isAnswering(socket), isTooLong: Buffer.byteLength(socket) > LONGEST_SOCKET };
}

/** Whether any secret half of a key is here. */
export async function hasSecretHalf(
  { binary, options, env }: Pick<GpgSettings, 'binary' | 'options' | 'env'>,
  key: string,
): Promise<boolean> {
  const args = [...options, '--batch', '--with-colons', '--list-secret-keys', '--', key];
  const { stdout } = await answer(binary, args, env);
  return stdout.split('\n').some((line) => /^s(?:ec|sb):/.test(line) && line.split(':')[14] !== '#');
}

interface Answer {
  readonly error: ExecFileException | undefined;
  readonly stdout: string;
}

function answer(binary: string, args: readonly string[], env: GpgSettings['env']): Promise<Answer> {
  const run = { env: gpgEnvironment(env ?? process.env), timeout: 10_000 };
  return new Promise((resolve) => {
    execFile(binary, args, run, (error, stdout) => resolve({ error: error ?? undefined, stdout }));
  });
}

function isAnswering(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const made = connect(socket);
    const end = (is: boolean): void => {
      made.destroy();
      resolve(is);
    };
    made.once('connect', () => end(true)).once('error', () => end(false));
  });
}
