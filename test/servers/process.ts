import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** What a server needs to be ready on the slowest machine. */
const READY_MS = 60_000;

export interface ServerProcess extends AsyncDisposable {
  /** The first group of `ready`, from what the server printed. */
  readonly said: string;
}

/** Starts a server and waits until it prints a line that `ready` matches. Disposing ends this process, by its id. */
export async function startServer(
  command: string,
  args: readonly string[],
  { ready, env, cwd }: { readonly ready: RegExp; readonly env: NodeJS.ProcessEnv; readonly cwd: string },
): Promise<ServerProcess> {
  const child = spawn(command, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  // A test run that is ended from outside must not leave it behind.
  const end = (): void => void child.kill('SIGKILL');
  process.once('exit', end);
  try {
    const said = await firstMatch(child, ready);
    return {
      said,
      async [Symbol.asyncDispose]() {
        process.off('exit', end);
        await stop(child);
      },
    };
  } catch (error) {
    process.off('exit', end);
    await stop(child);
    throw error;
  }
}

async function firstMatch(child: ChildProcess, ready: RegExp): Promise<string> {
  let output = '';
  return new Promise<string>((resolve, reject) => {
    const fail = (why: string): void => reject(new Error(`${child.spawnfile} ${why}:\n${output}`));
    const timer = setTimeout(() => fail(`was not ready after ${READY_MS} ms`), READY_MS);
    child.once('error', reject);
    child.once('exit', (status) => fail(`ended with ${status}`));
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (part: Buffer) => {
        output += part.toString();
        const found = ready.exec(output)?.[1];
        if (found === undefined) return;
        clearTimeout(timer);
        resolve(found);
      });
    }
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
