import { spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { CryptoError } from '../../../errors/errors.ts';
import type { Secret } from '../../../util/secret.ts';
import { PASSPHRASE_FD, STATUS_FD } from './arguments.ts';
import { gpgEnvironment } from './environment.ts';
import type { GpgSettings } from '../settings.ts';
import { parseStatus, type StatusLine } from './status.ts';

/** Enough for any real log; a gpg gone wild must not fill memory. */
const MOST_LOG_CHARS = 256 * 1024;
const KILL_AFTER_MS = 3000;

export interface GpgResult {
  readonly exitCode: number | null;
  /** Name of the signal that ended the process. */
  readonly signal: string | null;
  readonly status: readonly StatusLine[];
  readonly log: string;
}

export interface GpgRun {
  readonly pid: number | undefined;
  /** Present when the run was started with 'pipe' there. */
  readonly stdin: Writable | null;
  readonly stdout: Readable | null;
  /** Settles when the process is gone and its pipes are read. Rejects only when it could not be started. */
  readonly ended: Promise<GpgResult>;
  /** Asks the process to end, and makes it end when it does not. */
  kill(): void;
}

/**
 * Starts gpg with a descriptor or a pipe on either side. The passphrase goes through a pipe of its own: never through
 * arguments, environment or a file.
 */
export function startGpg(
  settings: GpgSettings,
  args: readonly string[],
  io: { readonly stdin: 'pipe' | number; readonly stdout: 'pipe' | number; readonly secret: Secret | undefined },
): GpgRun {
  const child = spawn(settings.binary, args, {
    stdio: [io.stdin, io.stdout, 'pipe', settings.useAgent ? 'ignore' : 'pipe', 'pipe'],
    env: gpgEnvironment(settings.env ?? process.env),
    // A session of its own: Ctrl-C in a terminal reaches us only, and we end gpg and say why.
    detached: true,
  });
  // Without descriptors left node gives a child that has none of these.
  const pipes: (Readable | Writable | null | undefined)[] = child.stdio ?? [];
  const status = collectText((pipes[STATUS_FD] ?? null) as Readable | null);
  const log = collectText(child.stderr);
  const secretPipe = (pipes[PASSPHRASE_FD] ?? null) as Writable | null;
  // gpg may be gone before it reads these; its exit tells why.
  secretPipe?.on('error', ignore);
  child.stdin?.on('error', ignore);
  secretPipe?.end(io.secret?.reveal() ?? '');

  let isOver = false;
  const ended = new Promise<GpgResult>((resolve, reject) => {
    child.once('error', (error) => {
      isOver = true;
      reject(cannotRun(settings.binary, 'cannot run', error));
    });
    child.once('close', (exitCode, signal) => {
      isOver = true;
      resolve({ exitCode, signal, status: parseStatus(status()), log: log() });
    });
  });
  ended.catch(ignore);
  return {
    pid: child.pid,
    stdin: child.stdin,
    stdout: child.stdout,
    ended,
    kill() {
      if (isOver) return;
      child.stdin?.destroy();
      child.stdout?.destroy();
      child.kill('SIGTERM');
      setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS).unref();
    },
  };
}

/** The failure of a program that could not be started. */
export function cannotRun(binary: string, what: string, error: unknown): CryptoError {
  const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
  const why = isMissing ? 'there is no such program' : error instanceof Error ? error.message : String(error);
  return new CryptoError('GPG_FAILED', `${what} ${binary}: ${why}`, {
    exception: 'GPGError',
    hint: isMissing
      ? 'Install GnuPG (the package is called gnupg), or name the program with --gpg-binary.'
      : 'Name a GnuPG program that can be run with --gpg-binary.',
    cause: error,
  });
}

function collectText(stream: Readable | null): () => string {
  let text = '';
  stream?.setEncoding('utf8');
  stream?.on('data', (piece: string) => {
    if (text.length < MOST_LOG_CHARS) text += piece;
  });
  stream?.on('error', ignore);
  return () => text;
}

function ignore(): void {
  // See where it is passed.
}
