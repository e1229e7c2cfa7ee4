import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** What a server needs to be ready on the slowest machine. */
const READY_MS = 60_000;
const POLL_MS = 20;
/** After that it is ended the hard way. */
const PATIENCE_MS = 5000;

/** A server of a test, on loopback. */
export interface ServerProcess extends AsyncDisposable {
  /** The first group of `ready`. */
  readonly said: string;
  /** What it wrote so far. */
  log(): string;
  /** Ends it and those it started, by its id, and waits until it has gone. Disposing does the same. */
  stop(): Promise<void>;
}

export interface ServerOptions {
  /** Where it runs; what it writes goes to the file `log` there. */
  readonly cwd: string;
  /** It is ready when a line that it wrote matches. */
  readonly ready?: RegExp;
  /** It is ready when all of these take connections. */
  readonly ports?: readonly number[];
  /** All of its environment. Default: PATH only. */
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * Starts a server that stays in the foreground, in a process group of its own, and waits until it is ready. Ends with
 * this process at the latest. A failure shows what it wrote.
 */
export async function startServer(
  command: string,
  args: readonly string[],
  { cwd, ready, ports = [], env = { PATH: process.env['PATH'] } }: ServerOptions,
): Promise<ServerProcess> {
  const file = `${cwd}/log`;
  const output = openSync(file, 'a');
  const child = spawn(command, args, { env, cwd, detached: true, stdio: ['ignore', output, output] });
  closeSync(output);
  const { pid } = child;
  if (pid === undefined) {
    const [error] = (await once(child, 'error')) as [Error];
    throw error;
  }
  const log = (): string => readFileSync(file, 'utf8');
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const ended = once(child, 'exit');
  const end = (signal: NodeJS.Signals): void => {
    try {
      process.kill(-pid, signal);
    } catch {
      // It is gone already.
    }
  };
  // A test run that is ended from outside must not leave it behind.
  const atExit = (): void => end('SIGKILL');
  process.once('exit', atExit);

  async function stop(): Promise<void> {
    process.off('exit', atExit);
    if (hasEnded()) return;
    end('SIGTERM');
    const late = setTimeout(() => end('SIGKILL'), PATIENCE_MS);
    await ended;
    clearTimeout(late);
  }
  async function isReady(): Promise<boolean> {
    if (ready !== undefined && !ready.test(log())) return false;
    for (const port of ports) if (!(await isOpen(port))) return false;
    return true;
  }

  for (const deadline = Date.now() + READY_MS; !(await isReady()); await pause(POLL_MS)) {
    if (!hasEnded() && Date.now() < deadline) continue;
    const what = hasEnded() ? `ended with ${child.exitCode ?? child.signalCode}` : 'is not ready in time';
    await stop();
    throw new Error(`${command} ${what}:\n${log()}`);
  }
  return { said: ready?.exec(log())?.[1] ?? '', log, stop, [Symbol.asyncDispose]: stop };
}

/** Ports of loopback that nobody uses now. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  });
  await Promise.all(
    servers.map((server) => {
      server.close();
      return once(server, 'close');
    }),
  );
  return ports;
}

/** So many ports in a row that nobody uses now. */
export async function consecutivePorts(count: number): Promise<number[]> {
  for (;;) {
    const [free = 0] = await freePorts(1);
    const first = Math.min(free, 65_536 - count);
    const ports = Array.from({ length: count }, (_, i) => first + i);
    const inUse = await Promise.all(ports.map(isOpen));
    if (!inUse.includes(true)) return ports;
  }
}

async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
