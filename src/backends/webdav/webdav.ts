import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';

import { BackendError } from '../../errors/errors.ts';
import type { Backend, Body, Bytes, RemoteFile } from '../backend.ts';
import { timeoutMs, type OpenOptions } from '../open-options.ts';
import { ownFailure } from '../own-failure.ts';
import { passwordSource } from '../password.ts';
import { tlsOptions } from '../tls.ts';
import { rootedPath } from '../url-path.ts';
import type { BackendUrl } from '../url.ts';
import { davClient, dropped } from './client.ts';
import { davDirectory, type DavDirectory } from './directory.ts';
import { statusFailure, wireFailure } from './failure.ts';
import { parseHeaders } from './headers.ts';
import { nameOf } from './multistatus.ts';

/** Uploads seldom gain from more, and each is a connection of its own. */
const PARALLEL = 4;
/** Answers by which a server says that it never does this, or not with hidden names. */
const REFUSED: ReadonlySet<number> = new Set([400, 403, 405, 406, 412, 501]);
/** To a move also: the destination is another server's, for one that does not know the name it is reached by. */
const NOT_HERE = 502;
/** The reference looks there for the authorities of https; the first two below the home directory. */
const CANDIDATES = ['.duplicity/cacert.pem', 'duplicity_cacert.pem', '/etc/duplicity/cacert.pem'];

/** The schemes `webdav` and `webdavs`, also as `http` and `https`, with or without `lftp+`. */
export function open(url: BackendUrl, options: OpenOptions): Promise<Backend> {
  const scheme = url.scheme.replace(/^lftp\+/, '');
  const isSecure = scheme.endsWith('s');
  const host = url.host ?? '';
  const password = passwordSource(url, options);
  const home = options.env?.['HOME'] ?? '';
  const candidates = CANDIDATES.map((path) => (path.startsWith('/') ? path : join(home, path)));
  const client = davClient({
    origin: { isSecure, host, port: url.port ?? (isSecure ? 443 : 80) },
    credentials: async () => {
      const secret = url.user === undefined ? undefined : await password();
      return secret && { user: url.user ?? '', password: secret.reveal() };
    },
    headers: { 'Accept-Encoding': 'identity', ...parseHeaders(options.settings?.webdavHeaders) },
    tls: (name) => tlsOptions(name, options, candidates),
    parallel: PARALLEL,
    timeoutMs: timeoutMs(options),
  });
  const path = rootedPath(url);
  const place = `${url.scheme}://${host}${path.replace(/(?<=.)\/$/, '')}`;
  return Promise.resolve(davBackend(davDirectory(client, path), place, host));
}

function davBackend(directory: DavDirectory, place: string, host: string): Backend {
  const { client } = directory;
  // Some servers move nothing, or are reached by an address that they do not know as their own.
  let canMove = true;

  /** Failures of `run` come out as `BackendError`s that name the task. */
  async function ask<T>(task: string, signal: AbortSignal, run: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    try {
      await directory.enter(task, signal);
      return await run();
    } catch (error) {
      signal.throwIfAborted();
      throw error instanceof Refused ? error.failure : wireFailure(task, host, error);
    }
  }

  async function put(task: string, name: string, body: Body, signal: AbortSignal): Promise<void> {
    if (!canMove) return store(task, name, body, signal);
    const part = `.${name}.part`;
    try {
      await store(task, part, body, signal);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      await store(task, name, body, signal);
      canMove = false;
      return;
    }
    const status = await move(part, name, signal);
    if (isDone(status)) return;
    // The answer to an earlier request may have been lost: then there is nothing left to move.
    if (status === 404 && (await directory.sizeOf(task, name, signal)) === body.size) return;
    await discard(part, signal);
    if (status === 404) throw hasGone(task);
    if (!REFUSED.has(status) && status !== NOT_HERE) throw statusFailure(task, status);
    canMove = false;
    await store(task, name, body, signal);
  }

  async function store(task: string, name: string, body: Body, signal: AbortSignal): Promise<void> {
    const headers = { 'Content-Type': 'application/octet-stream' };
    const answer = await client.request({
      method: 'PUT',
      target: directory.targetOf(name),
      headers,
      body,
      isSlow: true,
      signal,
    });
    await dropped(answer);
    const { statusCode = 0 } = answer;
    if (!isDone(statusCode)) {
      // The collection may have gone: the next try makes it.
      if (statusCode === 404 || statusCode === 409) directory.leave();
      if (statusCode === 507) await discard(name, signal);
      const failure = statusFailure(task, statusCode, answer);
      throw REFUSED.has(statusCode) ? new Refused(failure) : failure;
    }
    const stored = await directory.sizeOf(task, name, signal);
    if (stored === 'unknown' || stored === body.size) return;
    await discard(name, signal);
    throw new BackendError('BACKEND_ERROR', `Cannot ${task}: ${stored ?? 0} of ${body.size} bytes arrived`, {
      retryable: true,
    });
  }

  async function move(from: string, to: string, signal: AbortSignal): Promise<number> {
    const headers = { Destination: client.origin() + directory.targetOf(to), Overwrite: 'T' };
    const target = directory.targetOf(from);
    const answer = await client.request({ method: 'MOVE', target, headers, isSlow: true, signal });
    await dropped(answer);
    return answer.statusCode ?? 0;
  }

  /** What is left of a failure should not take up room; if it cannot go, the failure is still the thing to report. */
  async function discard(name: string, signal: AbortSignal): Promise<void> {
    const gone = client.request({ method: 'DELETE', target: directory.targetOf(name), signal });
    await gone.then(dropped).catch(() => undefined);
  }

  async function get<T>(name: string, take: (bytes: Bytes) => Promise<T>, signal: AbortSignal): Promise<T> {
    const task = `read ${name} in ${place}`;
    const answer = await client.request({ method: 'GET', target: directory.targetOf(name), signal });
    const { statusCode = 0 } = answer;
    if (statusCode !== 200) {
      await dropped(answer);
      throw statusFailure(task, statusCode, answer);
    }
    try {
      return await take(blocks(answer, (error) => (signal.aborted ? signal.reason : wireFailure(task, host, error))));
    } finally {
      // Whoever stops early does not want the rest.
      if (!answer.readableEnded) answer.destroy();
    }
  }

  async function* list(signal: AbortSignal, wanted: (name: string) => boolean): AsyncGenerator<RemoteFile> {
    const task = `list ${place}`;
    for (const { href, isCollection, size } of await ask(task, signal, () => directory.members(task, signal))) {
      const name = nameOf(href);
      if (isCollection || name === '' || !wanted(name)) continue;
      yield size === undefined ? { name } : { name, size };
    }
  }

  return {
    traits: { parallel: PARALLEL, atomicPut: true, consistentList: true },
    async put(name, body, { signal }) {
      const own = ownFailure();
      const task = `store ${checked(name)} in ${place}`;
      const watched: Body = { ...body, open: () => own.watch(body.open()) };
      await own.first(
        ask(task, signal, () => put(task, name, watched, signal)),
        signal,
      );
    },
    async get(name, take, { signal }) {
      const own = ownFailure();
      const got = ask(`read ${checked(name)} in ${place}`, signal, () =>
        get(name, (bytes) => own.note(take(bytes)), signal),
      );
      return own.first(got, signal);
    },
    list: ({ signal }) => list(signal, (name) => !isPart(name)),
    unfinished: ({ signal }) => list(signal, isPart),
    async delete(name, { signal }) {
      const task = `delete ${checked(name)} in ${place}`;
      await ask(task, signal, async () => {
        const answer = await client.request({ method: 'DELETE', target: directory.targetOf(name), signal });
        await dropped(answer);
        const { statusCode = 0 } = answer;
        // Also when an earlier try did it and its answer was lost.
        if (!isDone(statusCode) && statusCode !== 404) throw statusFailure(task, statusCode, answer);
      });
    },
    async stat(name, { signal }) {
      const task = `look up ${checked(name)} in ${place}`;
      const size = await ask(task, signal, () => directory.sizeOf(task, name, signal));
      if (size === undefined) return undefined;
      return size === 'unknown' ? { name } : { name, size };
    },
    async rename(from, to, { signal }) {
      const task = `rename ${checked(from)} to ${checked(to)} in ${place}`;
      await ask(task, signal, async () => {
        const status = await move(from, to, signal);
        if (isDone(status)) return;
        // Some servers forbid to move what is not there.
        const isThere = (await directory.sizeOf(task, from, signal)) !== undefined;
        throw statusFailure(task, isThere ? status : 404);
      });
    },
    async [Symbol.asyncDispose]() {
      client.close();
    },
  };
}

function isPart(name: string): boolean {
  return name.startsWith('.') && name.endsWith('.part');
}

/** The server will not have this name: perhaps because it is hidden. */
class Refused extends Error {
  readonly failure: BackendError;

  constructor(failure: BackendError) {
    super(failure.message);
    this.failure = failure;
  }
}

/** Moved by a request whose answer was lost, or deleted by somebody: which of them, only another upload settles. */
function hasGone(task: string): BackendError {
  return new BackendError('BACKEND_ERROR', `Cannot ${task}: the uploaded file has gone before it got its name`, {
    retryable: true,
  });
}

async function* blocks(answer: IncomingMessage, failure: (error: unknown) => unknown): Bytes {
  try {
    yield* answer as AsyncIterable<Buffer>;
  } catch (error) {
    throw failure(error);
  }
}

function isDone(status: number): boolean {
  return status === 200 || status === 201 || status === 202 || status === 204;
}

function checked(name: string): string {
  if (!/^\.{1,2}$|[/\0]|^$/.test(name)) return name;
  throw new BackendError('BACKEND_ERROR', `Not a file name: ${JSON.stringify(name)}`, {
    retryable: false,
    hint: 'A file prefix cannot contain a slash here.',
  });
}
