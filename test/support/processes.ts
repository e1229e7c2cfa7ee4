import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { isolatedEnv, testHome } from './home.ts';

export interface RunOptions {
  /** Added to an otherwise empty environment; see `isolatedEnv`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Standard input; empty without it. */
  readonly input?: string | Buffer;
  /** Leave standard input open: the test writes to and ends `child.stdin`. */
  readonly holdInput?: boolean;
  /** Default: the home. */
  readonly cwd?: string;
  /** The process is killed after this time. Default: 120 s, so that the test still tells what it wrote. */
  readonly timeoutMs?: number;
  /** HOME, XDG_CACHE_HOME and TMPDIR lie here. Default: a directory of the running test. */
  readonly home?: string;
  /** Run as this user; needs root. */
  readonly uid?: number;
}

export interface RunResult {
  /** Exit status; null when a signal ended the process. */
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcessWithoutNullStreams;
  readonly result: Promise<RunResult>;
}

/** Starts a program in the isolated environment of the test. */
export function start(command: string, args: readonly string[], options: RunOptions = {}): Running {
  const home = options.home ?? testHome();
  const child = spawn(command, args, {
    cwd: options.cwd ?? home,
    env: isolatedEnv(home, options.env),
    timeout: options.timeoutMs ?? 120_000,
    killSignal: 'SIGKILL',
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (part: Buffer) => stdout.push(part));
  child.stderr.on('data', (part: Buffer) => stderr.push(part));
  // A program that ends without reading its input is no failure of the test.
  child.stdin.on('error', () => {});
  if (options.input !== undefined) child.stdin.write(options.input);
  if (options.holdInput !== true) child.stdin.end();
  const result = new Promise<RunResult>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => {
      resolve({ status, signal, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() });
    });
  });
  return { child, result };
}

export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return start(command, args, options).result;
}

/** The result of a run that must have ended with 0; else an error that shows what it wrote. */
export function succeeded(result: RunResult): RunResult {
  if (result.status === 0) return result;
  throw new Error(`exit status ${result.status ?? result.signal}\n${result.stderr}${result.stdout}`);
}
