import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import { BackendError } from '../../errors/errors.ts';
import { notRunning } from '../run-program.ts';
import { field } from './engine.ts';
import { lastWords, RCLONE } from './failure.ts';

/** Longest time from the start to the address, on a busy machine. */
const START_MS = 20_000;

/** How long its last words may take to come. */
const WORDS_MS = 2000;
/** A program in Go that dies says why in the first line of many. */
const LINES = 200;

type Env = Readonly<Record<string, string | undefined>>;

/** A running `rclone rcd` that only this process can use. */
export interface Daemon {
  /** Runs one command of the remote control; throws `Refusal` when it fails. */
  call(command: string, input: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<unknown>;
  /** The reply to a GET of a file, which the caller has to read to its end or destroy. */
  fetch(path: string, signal: AbortSignal): Promise<IncomingMessage>;
  /** Once it has ended by itself: what it said last. */
  lastWords(): Promise<string>;
  close(): Promise<void>;
}

/** The daemon has said no. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;

  constructor(status: number, text: string) {
    super(text);
    this.status = status;
  }
}

/**
 * The shell stands between us, so that the daemon ends with us however we end: then the pipe to the shell closes. Its
 * secret is in the environment, where other users do not see it.
 */
const KEEPER = `command -v rclone > /dev/null || exit 127
rclone rcd < /dev/null &
exec > /dev/null 2>&1
cat
kill $!`;

/** Starts the daemon on a free port. undefined when it does not come up, for whatever reason but a missing program. */
export async function startDaemon(env: Env, said: (line: string) => void): Promise<Daemon | undefined> {
  const secret = randomBytes(24).toString('base64url');
  const child = spawn('sh', ['-c', KEEPER], {
    stdio: ['pipe', 'ignore', 'pipe'],
    env: daemonEnv(env, secret),
    // As in run-program.ts.
    detached: true,
  });
  child.stdin.on('error', () => undefined);
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', (error) => reject(notRunning(RCLONE, error)));
    child.on('close', resolve);
  });
  const last: string[] = [];
  const hear = (line: string): void => {
    said(line);
    last.push(line);
    if (last.length > LINES) last.shift();
  };
  const address = await Promise.race([addressIn(child.stderr, hear), ended.then((status) => ({ status }))]);
  if (typeof address !== 'string') {
    child.stdin.end();
    if (address?.status === 127) throw notRunning(RCLONE, Object.assign(new Error('missing'), { code: 'ENOENT' }));
    return undefined;
  }

  const dead = once(child.stderr, 'end');
  const agent = new Agent({ keepAlive: true });
  const common = { agent, auth: `duplicity:${secret}` };
  async function close(): Promise<void> {
    agent.destroy();
    child.stdin.end();
    await ended;
  }

  return {
    async call(command, input, signal) {
      const body = JSON.stringify(input);
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      const reply = await replyTo(`${address}/${command}`, { ...common, method: 'POST', headers, signal }, body);
      const answer = parsed(await textOf(reply));
      if (reply.statusCode === 200) return answer;
      throw refusal(reply, answer);
    },
    async fetch(path, signal) {
      const reply = await replyTo(`${address}/${path}`, { ...common, method: 'GET', signal }, '');
      if (reply.statusCode === 200) return reply;
      const answer = parsed(await textOf(reply));
      throw refusal(reply, answer);
    },
    async lastWords() {
      // The keeper has let go of that pipe: it ends with the daemon.
      await Promise.race([dead, sleep(WORDS_MS, undefined, { ref: false })]);
      return lastWords(last.join('\n'));
    },
    close,
  };
}

/** Without what would give the daemon another address, or its words another place. */
function daemonEnv(env: Env, secret: string): Record<string, string | undefined> {
  const own = Object.entries(env).filter(([name]) => !/^RCLONE_(RC_?|LOG_|USE_JSON_LOG|VERBOSE|QUIET)/.test(name));
  return {
    ...Object.fromEntries(own),
    RCLONE_RC_ADDR: '127.0.0.1:0',
    RCLONE_RC_USER: 'duplicity',
    RCLONE_RC_PASS: secret,
    RCLONE_RC_SERVE: 'true',
  };
}

/** undefined when none comes. Further lines go to `said`. */
function addressIn(stderr: NodeJS.ReadableStream, said: (line: string) => void): Promise<string | undefined> {
  return new Promise((resolve) => {
    let rest = '';
    const timer = setTimeout(() => resolve(undefined), START_MS);
    stderr.setEncoding('utf8');
    stderr.on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const address = /remote control on (http:\/\/127\.0\.0\.1:\d+)\//.exec(line)?.[1];
        if (address === undefined) said(line);
        else {
          clearTimeout(timer);
          resolve(address);
        }
      }
    });
    stderr.on('end', () => {
      clearTimeout(timer);
      resolve(undefined);
    });
  });
}

function refusal({ statusCode = 0 }: IncomingMessage, answer: unknown): Refusal {
  const text = field(answer, 'error');
  return new Refusal(statusCode, typeof text === 'string' ? text : `status ${statusCode}`);
}

type RequestOptions = Parameters<typeof request>[1];

function replyTo(url: string, options: RequestOptions, body: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = request(url, options, resolve);
    sent.on('error', (error) => reject(transportFailure(error, options.signal)));
    sent.end(body);
  });
}

async function textOf(reply: IncomingMessage): Promise<string> {
  reply.setEncoding('utf8');
  let text = '';
  for await (const part of reply) text += String(part);
  return text;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return { error: text };
  }
}

/** The daemon has gone, or the caller has given up. */
export function transportFailure(error: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted === true) return signal.reason;
  const reason = error instanceof Error ? error.message : String(error);
  return new BackendError('BACKEND_ERROR', `The connection to rclone was lost: ${reason}`, {
    retryable: true,
    cause: error,
  });
}
