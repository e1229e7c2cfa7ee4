import { spawn } from 'node:child_process';

import { BackendError } from '../../errors/errors.ts';
import type { Bytes } from '../backend.ts';
import { parseJson } from '../http/json.ts';
import { notRunning, runProgram } from '../run-program.ts';
import { toFeatures, toChecksum, toFile, toFiles, type RcloneEngine } from './engine.ts';
import { lastWords, RCLONE, rcloneFailure } from './failure.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Exit status for a directory and for a file that is not there. Source: rclone.org/docs, Exit code. */
const ABSENT = [3, 4];

/** A process for each order, for where the daemon does not run. `fs` is `remote:directory`. */
export function commandEngine(fs: string, env: Env): RcloneEngine {
  const place = (name: string): string => `${fs.replace(/([^:/])$/, '$1/')}${name}`;

  /** What it printed; undefined when it found nothing. */
  async function order(task: string, args: readonly string[], signal: AbortSignal): Promise<string | undefined> {
    const { status, stdout, stderr } = await runProgram(RCLONE, args, { signal, env });
    if (status === 0) return stdout;
    if (ABSENT.includes(status ?? 0)) return undefined;
    throw rcloneFailure(task, lastWords(stderr));
  }

  async function transfer(
    command: string,
    task: string,
    files: readonly [string, string],
    signal: AbortSignal,
  ): Promise<void> {
    const text = await order(task, [command, '--ignore-times', '--', ...files], signal);
    if (text === undefined) throw rcloneFailure(task, 'file not found');
  }

  return {
    async features(signal) {
      const text = await order(`open ${fs}`, ['backend', 'features', fs], signal);
      return toFeatures(parseJson(text ?? '{}'));
    },
    upload: (file, name, signal) => transfer('copyto', `store ${name} in ${fs}`, [file, place(name)], signal),
    copy: (from, to, signal) => transfer('copyto', `copy ${from} to ${to} in ${fs}`, [place(from), place(to)], signal),
    move: (from, to, signal) => transfer('moveto', `store ${to} in ${fs}`, [place(from), place(to)], signal),
    download: (name, take, signal) => cat(`read ${name} in ${fs}`, place(name), { take, signal, env }),
    async list(signal) {
      const args = ['lsjson', '--files-only', '--no-modtime', '--no-mimetype', '--', fs];
      const text = await order(`list ${fs}`, args, signal);
      if (text === undefined) return undefined;
      const entries = parseJson(text);
      if (!Array.isArray(entries)) throw rcloneFailure(`list ${fs}`, 'what it prints is no listing');
      return toFiles(entries);
    },
    async stat(name, signal) {
      const args = ['lsjson', '--stat', '--no-modtime', '--no-mimetype', '--', place(name)];
      const text = await order(`look up ${name} in ${fs}`, args, signal);
      const file = toFile(parseJson(text ?? 'null'));
      return file && { ...file, name };
    },
    async checksum(name, signal) {
      const args = ['lsjson', '--stat', '--hash', '--no-modtime', '--no-mimetype'];
      const types = ['--hash-type', 'sha1', '--hash-type', 'md5', '--'];
      return toChecksum(
        parseJson((await order(`look up ${name} in ${fs}`, [...args, ...types, place(name)], signal)) ?? 'null'),
      );
    },
    async remove(name, signal) {
      await order(`delete ${name} in ${fs}`, ['deletefile', '--', place(name)], signal).catch((error: unknown) => {
        if (!(error instanceof BackendError && error.code === 'BACKEND_NOT_FOUND')) throw error;
      });
    },
    close: () => Promise.resolve(),
  };
}

interface Cat<T> {
  readonly take: (bytes: Bytes) => Promise<T>;
  readonly signal: AbortSignal;
  readonly env: Env;
}

/** The taker sees an end only after rclone has ended well. */
async function cat<T>(task: string, path: string, { take, signal, env }: Cat<T>): Promise<T> {
  signal.throwIfAborted();
  const child = spawn('rclone', ['cat', '--', path], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env,
    signal,
    detached: true,
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', (error) => reject(signal.aborted ? signal.reason : notRunning(RCLONE, error)));
    child.on('close', resolve);
  });
  // Whoever stops early does not wait for it.
  ended.catch(() => undefined);
  async function* bytes(): Bytes {
    for await (const block of child.stdout) {
      signal.throwIfAborted();
      if (Buffer.isBuffer(block)) yield block;
    }
    const status = await ended;
    if (status !== 0) throw rcloneFailure(task, ABSENT.includes(status ?? 0) ? 'file not found' : lastWords(stderr));
  }
  try {
    return await take(bytes());
  } finally {
    child.kill();
  }
}
