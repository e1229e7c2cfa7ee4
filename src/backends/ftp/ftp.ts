import { PassThrough } from 'node:stream';

import { BackendError } from '../../errors/errors.ts';
import type { Backend, Body, Bytes, RemoteFile } from '../backend.ts';
import { checkStored, deletionFailure, hiddenNames, isPart, type HiddenNames } from '../transfer/hidden-name.ts';
import { timeoutMs, type OpenOptions } from '../open-options.ts';
import { ownFailure } from '../failures/own-failure.ts';
import { passwordSource } from '../password.ts';
import { tlsOptions } from '../tls.ts';
import { loginPath } from '../url/url-path.ts';
import type { BackendUrl } from '../url/url.ts';
import { connect, type Connection } from './connection.ts';
import { ftpFailure, isRefusal, unlessRefused, verdict } from './failure.ts';
import { ftpLister } from './listing.ts';
import { netrcEntry } from './netrc.ts';
import { connectionPool } from './pool.ts';
import { send } from './upload.ts';

/** Shared hosts often allow an account few sessions; what a server refuses is not asked for again. */
const PARALLEL = 4;
const BLOCK = 256 * 1024;

const PROTOCOLS = {
  ftp: { port: 21, secure: false },
  ftps: { port: 990, secure: 'implicit' },
  ftpes: { port: 21, secure: true },
} as const;

/**
 * The schemes `ftp` (never TLS), `ftps` (TLS from the first byte) and `ftpes` (AUTH TLS, or nothing), also as `lftp+` and
 * `ncftp+`. The connection is made by the first call, so that failing to is worth further tries.
 */
export function open(url: BackendUrl, options: OpenOptions): Promise<Backend> {
  const { port, secure } = PROTOCOLS[url.scheme.replace(/^.*\+/, '') as keyof typeof PROTOCOLS];
  const host = url.host ?? '';
  const tls = secure === false ? undefined : tlsOptions(host, options);
  const password = passwordSource(url, options);
  const directory = loginPath(url) || '/';
  const place = `${url.scheme}://${host}/${directory.replace(/^\/$/, '')}`;
  if (options.settings?.ftpPassive === false) {
    const text = 'Active FTP (--ftp-regular) is not available: data connections are opened from this side.';
    options.emit?.({ kind: 'warning', text });
  }

  const failure = (task: string, error: unknown): unknown => ftpFailure(task, host, error);
  const pool = connectionPool(PARALLEL, async (signal) => {
    const known = url.user === undefined ? netrcEntry(options.env?.['HOME'], host) : undefined;
    const secret = url.user === undefined ? known?.password : await password();
    const user = url.user ?? known?.user;
    const login = { host, port: url.port ?? port, user, password: secret?.reveal(), secure, tls, directory };
    const makesDirectory = options.makesPlace !== false;
    return connect({ ...login, makesDirectory, timeoutMs: timeoutMs(options) }, signal);
  });
  async function ask<T>(task: string, signal: AbortSignal, run: (on: Connection) => Promise<T>): Promise<T> {
    try {
      return await pool.use(signal, run);
    } catch (error) {
      throw signal.aborted ? error : failure(task, error);
    }
  }
  const hidden = hiddenNames({ place, emit: options.emit, verdict });
  return Promise.resolve(ftpBackend({ place, hidden, ask, failure, close: () => pool.close() }));
}

interface Session {
  /** For messages. */
  readonly place: string;
  readonly hidden: HiddenNames;
  /** Failures of `run` come out as `BackendError`s that name the task. */
  readonly ask: <T>(task: string, signal: AbortSignal, run: (on: Connection) => Promise<T>) => Promise<T>;
  readonly failure: (task: string, error: unknown) => unknown;
  readonly close: () => void;
}

function ftpBackend({ place, hidden, ask, failure, close }: Session): Backend {
  const listing = ftpLister();
  // Where no size is told, a file that is there may be half of one.
  let tellsSizes = true;

  /** Servers that have no SIZE, or refuse it for what is there, may tell in the listing. */
  async function sizeOf(on: Connection, name: string): Promise<number | 'unknown' | undefined> {
    const size = await on.size(name);
    if (typeof size === 'number') return size;
    const file = (await listing(on)).find((found) => found.name === name);
    if (file !== undefined && file.size === undefined) tellsSizes = false;
    return file && (file.size ?? 'unknown');
  }

  function put(task: string, name: string, body: Body, on: Connection): Promise<void> {
    return hidden.put(name, {
      async store(as) {
        const sent = await send(on, as, body);
        const size = (await on.size(as)) ?? (await sizeOf(on, as));
        // What the server does not tell is looked at when the listing is, or not at all.
        const stored = size === 'unknown' ? sent : size;
        if (stored !== body.size) await on.client.send(`DELE ${as}`).catch(unlessRefused);
        checkStored(task, stored, body.size);
      },
      rename: (from, to) => replace(on, from, to),
      async remove(part) {
        if (!on.client.closed) await on.client.send(`DELE ${part}`);
      },
      has: async (stored) => ((await on.size(stored)) ?? (await sizeOf(on, stored))) !== undefined,
    });
  }

  /** Where a server does not rename over a file, that one goes first; the new one is complete by then. */
  async function replace(on: Connection, from: string, to: string): Promise<void> {
    try {
      await on.client.rename(from, to);
    } catch (error) {
      if (!isRefusal(error) || (await sizeOf(on, to)) === undefined) throw error;
      await on.client.send(`DELE ${to}`);
      await on.client.rename(from, to);
    }
  }

  async function remove(on: Connection, name: string): Promise<void> {
    try {
      await on.client.send(`DELE ${name}`);
    } catch (error) {
      // The texts of 550 differ too much to tell what is not there from what may not go.
      if (!isRefusal(error) || error.code < 500 || (await sizeOf(on, name)) !== undefined) throw error;
    }
  }

  async function get<T>(name: string, take: (bytes: Bytes) => Promise<T>, on: Connection): Promise<T> {
    const task = `read ${name} in ${place}`;
    const size = (await on.size(name)) ?? (await sizeOf(on, name));
    if (size === undefined) throw absent(task);
    const pipe = new PassThrough({ highWaterMark: BLOCK });
    const transfer = on.transfer(() => on.client.downloadTo(pipe, name));
    transfer.catch(() => undefined);
    let isComplete = false;
    async function* bytes(): Bytes {
      let received = 0;
      try {
        for await (const block of pipe as AsyncIterable<Buffer>) {
          received += block.length;
          yield block;
        }
      } catch {
        // The transfer knows better what happened.
      }
      await transfer.catch((error: unknown) => {
        throw failure(task, error);
      });
      if (typeof size === 'number' && received !== size) {
        throw new BackendError('BACKEND_ERROR', `Cannot ${task}: ${received} of ${size} bytes came`, {
          retryable: true,
        });
      }
      isComplete = true;
    }
    try {
      return await take(bytes());
    } finally {
      // Whoever stops early leaves a connection on which the rest is still coming.
      if (!isComplete) on.client.close();
    }
  }

  async function* list(signal: AbortSignal, wanted: (name: string) => boolean): AsyncGenerator<RemoteFile> {
    signal.throwIfAborted();
    const found = await ask(`list ${place}`, signal, listing);
    hidden.notice(found);
    for (const file of found) if (wanted(file.name)) yield file;
  }

  return {
    traits: {
      parallel: PARALLEL,
      get atomicPut() {
        return hidden.isAtomic && tellsSizes;
      },
      consistentList: true,
    },
    async put(name, body, { signal }) {
      const own = ownFailure();
      const task = `store ${checked(name)} in ${place}`;
      const watched: Body = { ...body, open: () => own.watch(body.open()) };
      await own.first(
        ask(task, signal, (on) => put(task, name, watched, on)),
        signal,
      );
    },
    async get(name, take, { signal }) {
      const own = ownFailure();
      const task = `read ${checked(name)} in ${place}`;
      return own.first(
        ask(task, signal, (on) => get(name, (bytes) => own.note(take(bytes)), on)),
        signal,
      );
    },
    list: ({ signal }) => list(signal, (name) => !isPart(name)),
    unfinished: ({ signal }) => list(signal, isPart),
    async delete(name, { signal }) {
      await ask(`delete ${checked(name)} in ${place}`, signal, (on) => remove(on, name)).catch((error: unknown) => {
        throw deletionFailure(error);
      });
    },
    async stat(name, { signal }) {
      const size = await ask(`look up ${checked(name)} in ${place}`, signal, (on) => sizeOf(on, name));
      if (size === undefined) return undefined;
      return size === 'unknown' ? { name } : { name, size };
    },
    async rename(from, to, { signal }) {
      const task = `rename ${checked(from)} to ${checked(to)} in ${place}`;
      await ask(task, signal, async (on) => {
        if ((await sizeOf(on, from)) === undefined) throw absent(task);
        await replace(on, from, to);
      });
    },
    async [Symbol.asyncDispose]() {
      close();
    },
  };
}

function checked(name: string): string {
  if (!/^\.{1,2}$|[/\0\r\n]|^$/.test(name)) return name;
  throw new BackendError('BACKEND_ERROR', `Not a file name: ${JSON.stringify(name)}`, {
    retryable: false,
    hint: 'A file prefix cannot contain a slash here.',
  });
}

function absent(task: string): BackendError {
  return new BackendError('BACKEND_NOT_FOUND', `Cannot ${task}: there is no such file`, { retryable: false });
}
