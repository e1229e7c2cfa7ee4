import { spawn } from 'node:child_process';

import { BackendError } from '../../errors/errors.ts';
import type { Ended } from './failure.ts';

/** Of an error message; a listing has no bound. */
const MOST_STDERR = 64 * 1024;

/** Runs rsync or ssh to its end. Rejects when the program is missing, or with the reason of `signal`. */
export function runProgram(
  program: string,
  args: readonly string[],
  { env, signal }: { readonly env: Readonly<Record<string, string | undefined>>; readonly signal: AbortSignal },
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const child = spawn(program, args, { env: { ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    const stdout: Buffer[] = [];
    let stderr = '';
    const onAbort = (): void => void child.kill();
    signal.addEventListener('abort', onAbort);
    child.stdout.on('data', (block: Buffer) => stdout.push(block));
    child.stderr.on('data', (block: Buffer) => (stderr = (stderr + block.toString('utf8')).slice(-MOST_STDERR)));
    child.once('error', (error: NodeJS.ErrnoException) => {
      signal.removeEventListener('abort', onAbort);
      reject(error.code === 'ENOENT' ? missing(program) : error);
    });
    // The master that ssh leaves behind may hold stderr open: the end of the process is what counts.
    child.once('exit', (status) => {
      signal.removeEventListener('abort', onAbort);
      setImmediate(() => finish(status));
    });
    function finish(status: number | null): void {
      if (signal.aborted) reject(signal.reason);
      else if (child.stdout.readableEnded) done();
      else child.stdout.once('end', done);
      function done(): void {
        child.stderr.destroy();
        resolve({ status, stdout: Buffer.concat(stdout).toString('utf8'), stderr });
      }
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
