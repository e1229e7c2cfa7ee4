import { PassThrough, Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

import { BackendError } from '../../errors/errors.ts';
import type { Backend, Body, Bytes, RemoteFile } from '../backend.ts';
import { checkStored, deletionFailure, hiddenNames, isPart, type HiddenNames } from '../hidden-name.ts';
import { timeoutMs, type OpenOptions } from '../open-options.ts';
import { ownFailure } from '../own-failure.ts';
import { passwordSource } from '../password.ts';
import { tlsOptions } from '../tls.ts';
import { loginPath } from '../url-path.ts';
import type { BackendUrl } from '../url.ts';
import { connect, type Connection } from './connection.ts';
import { ftpFailure, isRefusal, verdict } from './failure.ts';
import { ftpLister } from './listing.ts';
import { netrcEntry } from './netrc.ts';
import { connectionPool } from './pool.ts';

/** Shared hosts often allow an account few sessions; what a server refuses is not asked for again. */
const PARALLEL = 4;
const BLOCK = 256 * 1024;
/** With 5 ms none of 40 was refused. */
const HANDSHAKE_MS = 50;

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

/** In the place of what is there, also where nothing may be overwritten; leaves nothing of what fails. Gives the size. */
async function send(on: Connection, name: string, body: Body): Promise<number> {
  const { client, transfer } = on;
  // Left by a killed run; a file that has its name already is not deleted but where that is the only way.
  if (isPart(name)) await client.send(`DELE ${name}`).catch(unlessRefused);
  let sent: number | undefined;
  async function* watched(): Bytes {
    sent = 0;
    for await (const block of body.open()) {
      sent += block.length;
      yield block;
    }
  }
  const attempt = () => transfer(() => client.uploadFrom(readable({ size: body.size, open: watched }), name));
  try {
    await attempt().catch(async (error: unknown) => {
      if (isPart(name) || verdict(error) !== 'certain' || !(await wasDeleted(on, name))) throw error;
      await attempt();
    });
  } catch (error) {
    const reason = await fullerReason(on, name, error);
    // What fills the disk for nothing; not what was there before, as long as nothing was written.
    if (sent !== undefined && !client.closed) await client.send(`DELE ${name}`).catch(() => undefined);
    throw reason;
  }
  return sent ?? 0;
}

function wasDeleted({ client }: Connection, name: string): Promise<boolean> {
  return client.send(`DELE ${name}`).then(
    () => true,
    (error: unknown) => {
      unlessRefused(error);
      return false;
    },
  );
}

/**
 * ProFTPD calls the write that fills a disk "Input/output error" (451), and only the next one "No space left on
 * device": a block under another name, with the first file still there, tells whether it was that.
 */
async function fullerReason({ client, transfer }: Connection, name: string, error: unknown): Promise<unknown> {
  if (client.closed || !isRefusal(error) || error.code !== 451) return error;
  // Never a name that anybody takes for a volume.
  const probe = isPart(name) ? `.${name}` : `probe-${name}`;
  const block = Readable.from([Buffer.alloc(BLOCK)], { objectMode: false });
  const next: unknown = await transfer(() => client.uploadFrom(block, probe)).then(
    () => error,
    (refused: unknown) => refused,
  );
  if (!client.closed) await client.send(`DELE ${probe}`).catch(() => undefined);
  return isRefusal(next) ? next : error;
}

function readable(body: Body): Readable {
  return Readable.from(body.size === 0 ? nothing(body) : body.open(), { objectMode: false, highWaterMark: BLOCK });
}

/** ProFTPD refuses one of three data connections that are closed before it has finished their TLS handshake (425). */
async function* nothing(body: Body): Bytes {
  yield* body.open();
  await sleep(HANDSHAKE_MS);
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

function unlessRefused(error: unknown): void {
  if (!isRefusal(error)) throw error;
}
