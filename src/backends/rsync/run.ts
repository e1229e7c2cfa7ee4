import { spawn } from 'node:child_process';

import { BackendError } from '../../errors/errors.ts';
import type { Ended } from './failure.ts';

/** Of an error message; a listing has no bound. */
const MOST_STDERR = 64 * 1024;

/**
 * An rsync that is asked to end tells the other side, and waits for up to half a minute for it to hang up. Who listens
 * has heard it long before.
 */
const GRACE_MS = 1_000;

/** The ssh of an rsync that has failed may outlive it, and has the reason. */
const LATE_WORDS_MS = 1_000;

interface Run {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /**
   * The program is killed when it writes nothing for so long; 0 or undefined: never. rsync's own --timeout does not see
   * an upload that stalls: it takes the questions it sends for a sign of life (measured with 3.5: 200 s instead of 2).
   */
  readonly silenceMs?: number;
}

/** Runs rsync or ssh to its end. Rejects when the program is missing, or with the reason of `signal`. */
export function runProgram(
  program: string,
  args: readonly string[],
  { env, signal, silenceMs = 0 }: Run,
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const child = spawn(program, args, { env: { ...env }, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    /** With the other half of a downloading rsync, and its ssh: they are a group of their own. */
    const kill = (how: NodeJS.Signals): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, how);
      } catch {
        // They have ended by themselves.
      }
    };
    const stdout: Buffer[] = [];
    let stderr = '';
    let late: NodeJS.Timeout | undefined;
    let isSilent = false;
    const onAbort = (): void => {
      kill('SIGTERM');
      clearTimeout(late);
      late = setTimeout(() => kill('SIGKILL'), GRACE_MS);
    };
    const alive = (): void => {
      if (silenceMs === 0 || signal.aborted) return;
      clearTimeout(late);
      late = setTimeout(() => {
        isSilent = true;
        kill('SIGKILL');
      }, silenceMs);
    };
    alive();
    signal.addEventListener('abort', onAbort);
    child.stdout.on('data', (block: Buffer) => stdout.push(block)).on('data', alive);
    child.stderr.on('data', (block: Buffer) => (stderr = (stderr + block.toString('utf8')).slice(-MOST_STDERR)));
    child.once('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(late);
      signal.removeEventListener('abort', onAbort);
      reject(error.code === 'ENOENT' ? missing(program) : error);
    });
    child.once('exit', (status) => {
      clearTimeout(late);
      signal.removeEventListener('abort', onAbort);
      if (isSilent || signal.aborted) kill('SIGKILL');
      setImmediate(() => finish(status));
    });
    function finish(status: number | null): void {
      if (signal.aborted) reject(signal.reason);
      else if (child.stdout.readableEnded) heard(status);
      else child.stdout.once('end', () => heard(status));
    }
    /** The master that ssh leaves behind may hold stderr open: it is not waited for without need, or for ever. */
    function heard(status: number | null): void {
      const done = (): void => {
        clearTimeout(late);
        child.stderr.off('end', done).destroy();
        if (isSilent) stderr = `nothing has moved for ${silenceMs / 1000} s\n${stderr}`;
        resolve({ status, stdout: Buffer.concat(stdout).toString('utf8'), stderr, isSilent });
      };
      if (status === 0 || isSilent || child.stderr.readableEnded) return done();
      child.stderr.once('end', done);
      late = setTimeout(done, LATE_WORDS_MS);
    }
  });
}

function missing(program: string): BackendError {
  const name = program === 'ssh' ? 'openssh-client' : program;
  return new BackendError('BACKEND_COMMAND_ERROR', `The program ${program} is not installed.`, {
    retryable: false,
    hint: `Install it, on Debian and Ubuntu with: apt-get install ${name}`,
  });
}
