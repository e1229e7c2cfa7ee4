import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** A server of a test. */
export interface Server {
  /** What it wrote so far. */
  log(): string;
  /** Ends it and those it started. */
  stop(): Promise<void>;
}

const READY_MS = 10_000;
const POLL_MS = 20;

/** Starts a server in a process group of its own and waits until its port answers. */
export async function startServer(
  command: string,
  args: readonly string[],
  {
    port,
    logFile,
    env = process.env,
  }: { readonly port: number; readonly logFile: string; readonly env?: NodeJS.ProcessEnv },
): Promise<Server> {
  const fd = openSync(logFile, 'a');
  const child = spawn(command, args, { detached: true, stdio: ['ignore', fd, fd], env });
  closeSync(fd);
  const log = (): string => readFileSync(logFile, 'utf8');
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  for (const end = Date.now() + READY_MS; !(await answers(port)); await pause(POLL_MS)) {
    if (child.exitCode !== null) throw new Error(`${command} ended at its start:\n${log()}`);
    if (Date.now() > end) throw new Error(`${command} does not answer on port ${port}:\n${log()}`);
  }
  return {
    log,
    async stop() {
      if (child.pid !== undefined && child.exitCode === null) {
        try {
          process.kill(-child.pid, 'SIGTERM');
        } catch {
          // It is gone already.
        }
      }
      await ended;
    },
  };
}

/** A port that nobody listens on at the moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const settle = (isThere: boolean): void => {
      socket.destroy();
      resolve(isThere);
    };
    socket.once('connect', () => settle(true)).once('error', () => settle(false));
  });
}
