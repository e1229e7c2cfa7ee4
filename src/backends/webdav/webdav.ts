import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';

import { BackendError } from '../../errors/errors.ts';
import type { Backend, Body, Bytes, RemoteFile } from '../backend.ts';
import {
  checkStored,
  deletionFailure,
  hiddenNames,
  isPart,
  type HiddenNames,
  type Verdict,
} from '../transfer/hidden-name.ts';
import { timeoutMs, type OpenOptions } from '../open-options.ts';
import { ownFailure } from '../failures/own-failure.ts';
import { passwordSource } from '../password.ts';
import { tlsOptions } from '../tls.ts';
import { rootedPath } from '../url/url-path.ts';
import type { BackendUrl } from '../url/url.ts';
import { davClient, dropped } from './client.ts';
import { davDirectory, type DavDirectory } from './directory.ts';
import { statusFailure, wireFailure } from './failure.ts';
import { parseHeaders } from './headers.ts';
import { nameOf, type Resource } from './multistatus.ts';

/** Uploads seldom gain from more, and each is a connection of its own. */
const PARALLEL = 4;
/**
 * Answers by which a server says that it never does this, or not with hidden names. To a move also 502, that the
 * destination is another server's, for one that does not know the name it is reached by, and 207, with what went wrong.
 */
const REFUSED: ReadonlySet<number> = new Set([400, 403, 405, 406, 412, 415, 422, 501]);
const MOVE_REFUSED: ReadonlySet<number> = new Set([...REFUSED, 207, 502]);
/** Others that may mean the name: the collection has gone, or the server has no better word. */
const DOUBTFUL: ReadonlySet<number> = new Set([404, 409, 500]);
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
  const hidden = hiddenNames({ place, emit: options.emit, verdict });
  const directory = davDirectory(client, path, options.makesPlace !== false);
  return Promise.resolve(davBackend({ directory, hidden, place, host }));
}

interface Session {
  readonly directory: DavDirectory;
  readonly hidden: HiddenNames;
  /** For messages. */
  readonly place: string;
  readonly host: string;
}

function davBackend({ directory, hidden, place, host }: Session): Backend {
  const { client } = directory;

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

  function put(task: string, name: string, body: Body, signal: AbortSignal): Promise<void> {
    return hidden.put(name, {
      store: (as) => store(task, as, body, signal),
      async rename(from, to) {
        const status = await move(from, to, signal);
        if (isDone(status)) return;
        // The answer to an earlier request may have been lost: then there is nothing left to move.
        if (status === 404 && (await directory.sizeOf(task, to, signal)) === body.size) return;
        if (MOVE_REFUSED.has(status)) throw new Refused(statusFailure(task, status), 'certain');
        throw new Refused(status === 404 ? hasGone(task) : statusFailure(task, status), doubt(status));
      },
      remove: (part) => discard(part, signal),
      has: async (stored) => (await directory.sizeOf(task, stored, signal)) !== undefined,
    });
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
      const failure = forbidding(statusFailure(task, statusCode, answer), statusCode);
      throw new Refused(failure, REFUSED.has(statusCode) ? 'certain' : doubt(statusCode));
    }
    const stored = await directory.sizeOf(task, name, signal);
    if (stored !== 'unknown' && stored !== body.size) await discard(name, signal);
    checkStored(task, stored, body.size);
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
    const members = await ask(task, signal, () => directory.members(task, signal));
    const files = members.filter(({ isCollection }) => !isCollection).map(remoteFile);
    hidden.notice(files);
    for (const file of files) if (file.name !== '' && wanted(file.name)) yield file;
  }

  return {
    traits: {
      parallel: PARALLEL,
      get atomicPut() {
        return hidden.isAtomic;
      },
      consistentList: true,
    },
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
        if (isDone(statusCode) || statusCode === 404) return;
        throw deletionFailure(forbidding(statusFailure(task, statusCode, answer), statusCode));
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

/** The server will not have this name, or not move it: perhaps because it is hidden. */
class Refused extends Error {
  readonly failure: BackendError;
  readonly verdict: Verdict;

  constructor(failure: BackendError, verdict: Verdict) {
    super(failure.message);
    this.failure = failure;
    this.verdict = verdict;
  }
}

function verdict(error: unknown): Verdict {
  return error instanceof Refused ? error.verdict : undefined;
}

function doubt(status: number): Verdict {
  return DOUBTFUL.has(status) ? 'likely' : undefined;
}

/** Of a place that has answered as WebDAV does: a method that it does not know here is one that it does not allow. */
function forbidding(failure: BackendError, status: number): BackendError {
  if (status !== 405 && status !== 501) return failure;
  const hint = 'The server stores and deletes nothing here: check the path of the URL and what this account may do.';
  return new BackendError('BACKEND_PERMISSION_DENIED', failure.message, { retryable: false, hint });
}

function remoteFile({ href, size }: Resource): RemoteFile {
  return size === undefined ? { name: nameOf(href) } : { name: nameOf(href), size };
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
