import { BackendError } from '../../errors/errors.ts';
import type { Backend, Body, Bytes, CopyCall, RemoteFile } from '../backend.ts';
import { checkCopied, checkStored, deletionFailure, hiddenNames, isPart, type Way } from '../transfer/hidden-name.ts';
import type { OpenOptions } from '../open-options.ts';
import { connectTo, GRACE_MS, type Connection } from '../ssh/connection.ts';
import { sshFailure } from '../ssh/failure.ts';
import { openLogin } from '../ssh/login.ts';
import { serverName, sshTarget, type SshTarget } from '../ssh/config/target.ts';
import { until } from '../ssh/until.ts';
import { loginPath } from '../url/url-path.ts';
import type { BackendUrl } from '../url/url.ts';
import { verdict } from './refusal.ts';
import type { Range, RemoteFiles } from './remote-files.ts';
import { sftpFiles } from './sftp-files.ts';
import { shellFiles } from './shell-files.ts';

interface Session {
  readonly connection: Connection;
  readonly files: RemoteFiles;
}

/**
 * The schemes of SSH. Nothing is connected yet: the first operation does that, and each one after a lost connection, so
 * that retries cover it. The directory is made then by what stores something.
 */
export async function open(url: BackendUrl, options: OpenOptions): Promise<Backend> {
  const target = await sshTarget(url, options);
  const login = openLogin(target, options);
  const directory = loginPath(url).replace(/(?<=[^/])\/+$/, '');
  const place = `${directory === '' ? 'the login directory' : directory} on ${serverName(target)}`;
  const mayUseShell = /\bscp$/.test(url.scheme);
  const hidden = hiddenNames({ place, emit: options.emit, verdict });
  let current: Promise<Session> | undefined;

  async function openSession(): Promise<Session> {
    const connection = await connectTo(target, { ...options, login });
    const files = filesOf(connection, target, mayUseShell);
    try {
      if (options.makesPlace !== false) await until(files.makeDirectory(directory), options.signal);
    } catch (error) {
      connection.close();
      throw noDirectory(sshFailure(`create the directory ${place}`, error));
    }
    return { connection, files };
  }

  function session(): Promise<Session> {
    if (current !== undefined) return current;
    const opening = openSession();
    const forget = (): void => {
      if (current === opening) current = undefined;
    };
    opening.then(({ connection }) => connection.gone).then(forget, forget);
    current = opening;
    return opening;
  }

  /** One operation on an open connection. */
  async function doing<T>(task: string, signal: AbortSignal, run: (files: RemoteFiles) => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const { connection, files } = await until(session(), signal);
    let timer: NodeJS.Timeout | undefined;
    const onAbort = (): void => void (timer = setTimeout(() => connection.drop(), GRACE_MS));
    signal.addEventListener('abort', onAbort);
    try {
      return await run(files);
    } catch (error) {
      signal.throwIfAborted();
      throw sshFailure(`${task} in ${place}`, error);
    } finally {
      signal.removeEventListener('abort', onAbort);
      clearTimeout(timer);
    }
  }

  function at(name: string): string {
    if (/^\.{1,2}$|[/\0\n]|^$/.test(name)) {
      throw new BackendError('BACKEND_ERROR', `Not a file name: ${JSON.stringify(name)}`, {
        retryable: false,
        hint: 'A file prefix cannot contain a slash here.',
      });
    }
    return directory === '' ? name : `${directory.replace(/\/$/, '')}/${name}`;
  }

  async function put(name: string, body: Body, signal: AbortSignal): Promise<void> {
    const task = `store ${name}`;
    at(name);
    const { source, ...guarded } = guard(body);
    await doing(task, signal, (files) =>
      hidden.put(name, {
        async store(as) {
          const path = at(as);
          await files.write(path, guarded, signal);
          const stored = await until(files.size(path), signal);
          if (stored !== body.size) await files.remove(path).catch(() => {});
          checkStored(`${task} in ${place}`, stored, body.size);
        },
        ...naming(files, signal),
      }),
    ).catch((error: unknown) => {
      throw source.error?.value ?? error;
    });
  }

  async function copy(from: string, to: string, { signal, size: known }: CopyCall): Promise<void> {
    const task = `copy ${from} to ${to}`;
    at(to);
    await doing(task, signal, async (files) => {
      const size = known ?? (await until(files.size(at(from)), signal));
      if (size === undefined) throw new Error('No such file');
      await hidden.put(to, {
        async store(as) {
          await files.copy(at(from), at(as), signal);
          const copied = await until(files.size(at(as)), signal);
          if (copied !== size) await files.remove(at(as)).catch(() => {});
          checkCopied(`${task} in ${place}`, copied, size);
        },
        ...naming(files, signal),
      });
    });
  }

  /** How what is stored gets its name. */
  function naming(files: RemoteFiles, signal: AbortSignal): Pick<Way, 'rename' | 'remove'> {
    return {
      rename: (from, to) => until(files.rename(at(from), at(to)), signal),
      remove: (part) => files.remove(at(part)),
    };
  }

  async function get<T>(
    name: string,
    range: Range,
    take: (bytes: Bytes) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const path = at(name);
    let failed: { readonly value: unknown } | undefined;
    const taker = async (bytes: Bytes): Promise<T> => {
      const watched = watchedBytes(bytes);
      try {
        return await take(watched.bytes);
      } catch (error) {
        if (!watched.hasFailed()) failed = { value: error };
        throw error;
      }
    };
    return doing(`read ${name}`, signal, (files) => files.read(path, range, taker, signal)).catch((error: unknown) => {
      throw failed?.value ?? error;
    });
  }

  async function* list(signal: AbortSignal, wanted: (name: string) => boolean): AsyncGenerator<RemoteFile> {
    const found = await doing('list files', signal, (files) => until(files.list(directory), signal));
    hidden.notice(found);
    for (const file of found) if (wanted(file.name)) yield file;
  }

  return {
    traits: {
      parallel: 8,
      get atomicPut() {
        return hidden.isAtomic;
      },
      consistentList: true,
    },
    put: (name, body, { signal }) => put(name, body, signal),
    get: (name, take, { signal }) => get(name, { start: 0 }, take, signal),
    getRange: (name, start, end, take, { signal }) => get(name, { start, end }, take, signal),
    list: ({ signal }) => list(signal, (name) => !isPart(name)),
    unfinished: ({ signal }) => list(signal, isPart),
    delete: (name, { signal }) =>
      doing(`delete ${name}`, signal, (files) => until(files.remove(at(name)), signal)).catch((error: unknown) => {
        throw deletionFailure(error);
      }),
    async stat(name, { signal }) {
      const size = await doing(`look up ${name}`, signal, (files) => until(files.size(at(name)), signal));
      return size === undefined ? undefined : { name, size };
    },
    rename: (from, to, { signal }) =>
      doing(`rename ${from} to ${to}`, signal, (files) => until(files.rename(at(from), at(to)), signal)),
    copy,
    async [Symbol.asyncDispose]() {
      const last = await current?.catch(() => undefined);
      last?.connection.close();
      await last?.connection.gone;
    },
  };
}

function filesOf(connection: Connection, target: SshTarget, mayUseShell: boolean): RemoteFiles {
  if (connection.sftp !== undefined) return sftpFiles(connection, connection.sftp);
  if (mayUseShell) return shellFiles(connection);
  connection.close();
  throw new BackendError('BACKEND_ERROR', `${serverName(target)} offers no sftp.`, {
    retryable: !connection.isOpen(),
    hint: 'Write scp:// in the place of sftp:// when the account has a shell.',
  });
}

/** What cannot be made is missing because of its parents, and servers say no more; or this account makes none. */
function noDirectory(error: unknown): unknown {
  if (!(error instanceof BackendError) || error.retryable) return error;
  const { code, message, exception } = error;
  const isDenied = code === 'BACKEND_PERMISSION_DENIED';
  if (!isDenied && error.hint !== undefined) return error;
  return new BackendError(code, message, {
    retryable: false,
    cause: error,
    hint: isDenied
      ? 'This account may not make it: make it on the server for this account, or name one that is there.'
      : 'Check the path of the URL: one slash after the host is below the login directory, two are absolute.',
    ...(exception === undefined ? {} : { exception }),
  });
}

/** The same body; `source.error` holds what it threw, which is no failure of the server. */
function guard(body: Body): Body & { readonly source: { error?: { readonly value: unknown } } } {
  const source: { error?: { readonly value: unknown } } = {};
  async function* open(): Bytes {
    try {
      yield* body.open();
    } catch (error) {
      source.error = { value: error };
      throw error;
    }
  }
  return { size: body.size, open, source };
}

function watchedBytes(bytes: Bytes): { readonly bytes: Bytes; readonly hasFailed: () => boolean } {
  let hasFailed = false;
  async function* watched(): Bytes {
    try {
      yield* bytes;
    } catch (error) {
      hasFailed = true;
      throw error;
    }
  }
  return { bytes: watched(), hasFailed: () => hasFailed };
}
