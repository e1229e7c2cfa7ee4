import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionOptions } from 'node:tls';
import { Client, enterPassiveModeIPv6, FTPError, type FTPContext, type FTPResponse } from 'basic-ftp';

import { isRefusal, isUnknownCommand } from './failure.ts';

export interface Login {
  readonly host: string;
  readonly port: number;
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** false: never; true: AUTH TLS, without which nothing is said; `implicit`: from the first byte. */
  readonly secure: boolean | 'implicit';
  readonly tls: ConnectionOptions | undefined;
  /** Below the login directory, or absolute. */
  readonly directory: string;
  /** Makes it, with its parents, when it is not there. */
  readonly makesDirectory: boolean;
  readonly timeoutMs: number;
}

/** A session that stands in the directory. It does one thing at a time. */
export interface Connection {
  readonly client: Client;
  /** The server says that it lists in the form of RFC 3659. */
  readonly hasMlsd: boolean;
  /** Runs a transfer; its failure is the server's reply, where there is one. */
  readonly transfer: <T>(run: () => Promise<T>) => Promise<T>;
  /** undefined when there is no such file; 'unknown' when the server has no SIZE. */
  size(name: string): Promise<number | 'unknown' | undefined>;
}

// Routers forget connections that are silent during a long transfer.
const KEEP_ALIVE_MS = 30_000;
/** How long the reply that explains a broken data connection may take. */
const REPLY_MS = 2_000;

/** Connects, logs in, and enters the directory. */
export async function connect(login: Login, signal: AbortSignal): Promise<Connection> {
  signal.throwIfAborted();
  const client = new Client(login.timeoutMs);
  const stop = (): void => client.close();
  signal.addEventListener('abort', stop);
  try {
    await client.access({
      host: login.host,
      port: login.port,
      secure: login.secure,
      ...(login.user !== undefined && { user: login.user, password: login.password ?? '' }),
      // The library writes into the object.
      ...(login.tls !== undefined && { secureOptions: { ...login.tls } }),
    });
    client.ftp.socket.setKeepAlive(true, KEEP_ALIVE_MS);
    client.prepareTransfer = passiveMode(client);
    await enter(client, login);
    return connection(client);
  } catch (error) {
    client.close();
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** By EPSV, or else by PASV, of whose answer the port counts: its address is that of a router, or none at all, often. */
function passiveMode(client: Client): Client['prepareTransfer'] {
  return async (ftp) => {
    try {
      const reply = await enterPassiveModeIPv6(ftp);
      client.prepareTransfer = enterPassiveModeIPv6;
      return reply;
    } catch (error) {
      if (client.closed) throw error;
      const reply = await byPort(ftp);
      client.prepareTransfer = byPort;
      return reply;
    }
  };
}

async function byPort(ftp: FTPContext): Promise<FTPResponse> {
  const request = ftp.request.bind(ftp);
  ftp.request = async () => {
    const reply = await request('PASV');
    const [, high, low] = /(?:\d+,){4}(\d+),(\d+)/.exec(reply.message.replaceAll(' ', '')) ?? [];
    if (low === undefined) throw new Error(`the answer to PASV names no port: ${reply.message}`);
    return { ...reply, message: `229 (|||${Number(high) * 256 + Number(low)}|)` };
  };
  try {
    return await enterPassiveModeIPv6(ftp);
  } finally {
    Reflect.deleteProperty(ftp, 'request');
  }
}

function connection(client: Client): Connection {
  const { ftp } = client;
  const hasMlsd = client.availableListCommands.includes('MLSD');
  const closeWithError = ftp.closeWithError.bind(ftp);
  let isTransferring = false;
  let reply = '';

  ftp.socket.on('data', (text: string | Buffer) => {
    reply += text.toString();
  });

  /**
   * A server that refuses a file drops the data connection, and the client then hears of that first. Left alone, the
   * library would close the control connection with the reply (no such file, disk full) unread.
   */
  ftp.closeWithError = (error) => {
    if (isTransferring && !/control|^Timeout|^Server|^User/.test(error.message)) return;
    closeWithError(error);
  };

  /** The last refusal on the control connection; waits for it a moment. */
  async function refusal(): Promise<FTPError | undefined> {
    const late = AbortSignal.timeout(REPLY_MS);
    for (;;) {
      const line = reply.match(/^[45]\d\d .*(?=\r?\n)/gm)?.at(-1);
      if (line !== undefined) return new FTPError({ code: Number(line.slice(0, 3)), message: line });
      if (client.closed || late.aborted) return undefined;
      await Promise.race([
        once(ftp.socket, 'data', { signal: late }),
        sleep(REPLY_MS, undefined, { signal: late }),
      ]).catch(() => undefined);
    }
  }

  async function size(name: string): Promise<number | 'unknown' | undefined> {
    try {
      return await client.size(name);
    } catch (error) {
      if (isUnknownCommand(error)) return 'unknown';
      if (isRefusal(error) && error.code === 550) return undefined;
      throw error;
    }
  }

  return {
    client,
    hasMlsd,
    size,
    async transfer(run) {
      reply = '';
      isTransferring = true;
      try {
        return await run();
      } catch (error) {
        if (client.closed || isRefusal(error)) throw error;
        const said = isBroken(error) ? await refusal() : undefined;
        isTransferring = false;
        // With its reply the server is done with the transfer; without one nobody knows what else it has to say.
        if (said === undefined) client.close();
        throw said ?? error;
      } finally {
        isTransferring = false;
      }
    },
  };
}

/** The data connection has ended, and nothing says why. */
function isBroken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && BROKEN.has(String(error.code));
}

const BROKEN: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE']);

/** Several connections may do this at once: one that exists by now is as good. */
async function enter(client: Client, { directory, makesDirectory }: Login): Promise<void> {
  try {
    await client.cd(directory);
    return;
  } catch (error) {
    if (!isRefusal(error) || error.code < 500 || !makesDirectory) throw error;
  }
  if (directory.startsWith('/')) await client.cd('/');
  for (const part of directory.split('/').filter((part) => part !== '')) {
    try {
      await client.cd(part);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      const failure = await client.send(`MKD ${part}`).then(
        () => undefined,
        (refused: unknown) => refused,
      );
      await client.cd(part).catch((absent: unknown) => {
        throw failure ?? absent;
      });
    }
  }
}
