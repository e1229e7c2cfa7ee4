import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';

import { BackendError } from '../../errors/errors.ts';
import type { Backend, Body, Bytes, RemoteFile } from '../backend.ts';
import { deletionFailure, hiddenNames, isPart, type HiddenNames } from '../transfer/hidden-name.ts';
import { timeoutMs, type OpenOptions } from '../open-options.ts';
import { ownFailure } from '../failures/own-failure.ts';
import { passwordSource } from '../password.ts';
import { tlsOptions } from '../tls.ts';
import { rootedPath } from '../url/url-path.ts';
import type { BackendUrl } from '../url/url.ts';
import { checksumIn } from './checksum.ts';
import { davClient, dropped } from './client.ts';
import { davDirectory, type DavDirectory } from './directory.ts';
import { forbidding, isDone, Refused, statusFailure, verdict, wireFailure } from './failure.ts';
import { parseHeaders } from './headers.ts';
import { nameOf, type Resource } from './multistatus.ts';
import { davPlacing } from './placing.ts';

/** Uploads seldom gain from more, and each is a connection of its own. */
const PARALLEL = 4;
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
  const placing = davPlacing(directory);

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
        ask(task, signal, () => hidden.put(name, placing.stored(task, watched, signal))),
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
    async checksum(name, { signal }) {
      const task = `look up ${checked(name)} in ${place}`;
      const answer = await ask(task, signal, () =>
        client.request({ method: 'HEAD', target: directory.targetOf(name), signal }),
      );
      await dropped(answer);
      return answer.statusCode === 200 ? checksumIn(answer.headers) : undefined;
    },
    async rename(from, to, { signal }) {
      const task = `rename ${checked(from)} to ${checked(to)} in ${place}`;
      await ask(task, signal, async () => {
        const status = await placing.move(from, to, signal);
        if (isDone(status)) return;
        // Some servers forbid to move what is not there.
        const isThere = (await directory.sizeOf(task, from, signal)) !== undefined;
        throw statusFailure(task, isThere ? status : 404);
      });
    },
    async copy(from, to, { signal, size: known }) {
      const task = `copy ${checked(from)} to ${checked(to)} in ${place}`;
      await ask(task, signal, async () => {
        const size = known ?? (await directory.sizeOf(task, from, signal));
        if (size === undefined) throw statusFailure(task, 404);
        await hidden.put(to, placing.copied(task, from, size === 'unknown' ? undefined : size, signal));
      });
    },
    async [Symbol.asyncDispose]() {
      client.close();
    },
  };
}

function remoteFile({ href, size }: Resource): RemoteFile {
  return size === undefined ? { name: nameOf(href) } : { name: nameOf(href), size };
}

async function* blocks(answer: IncomingMessage, failure: (error: unknown) => unknown): Bytes {
  try {
    yield* answer as AsyncIterable<Buffer>;
  } catch (error) {
    throw failure(error);
  }
}

function checked(name: string): string {
  if (!/^\.{1,2}$|[/\0]|^$/.test(name)) return name;
  throw new BackendError('BACKEND_ERROR', `Not a file name: ${JSON.stringify(name)}`, {
    retryable: false,
    hint: 'A file prefix cannot contain a slash here.',
  });
}
