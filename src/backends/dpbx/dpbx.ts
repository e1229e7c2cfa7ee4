import { BackendError } from '../../errors/errors.ts';
import { checksumOf } from '../transfer/checksum.ts';
import { checkedBytes } from '../asking.ts';
import type { Backend, Bytes, CopyCall, RemoteFile } from '../backend.ts';
import { wholeBytes } from '../transfer/exact-bytes.ts';
import { checkCopied } from '../transfer/hidden-name.ts';
import { httpAgents } from '../http/agents.ts';
import { httpClient } from '../http/http.ts';
import { placeNotThere } from '../failures/not-there.ts';
import { timeoutMs, type OpenOptions } from '../open-options.ts';
import type { BackendUrl } from '../url/url.ts';
import { accessOf, hostsOf } from './account.ts';
import { openApi, type Api } from './api.ts';
import { authorize } from './authorize.ts';
import { contentHash } from './content-hash.ts';
import { DropboxRefusal, networkError, nonsense } from './failure.ts';
import { fieldOf } from '../http/json.ts';
import { folderOf } from './place.ts';
import { openTokens } from './token.ts';
import { openUpload } from './upload.ts';

/** The most that Dropbox lists at once. */
const PAGE = 2000;

/** The scheme `dpbx`: `dpbx:///dir`, a folder of Dropbox that comes to be with its first file. */
export async function open(url: BackendUrl, options: OpenOptions): Promise<Backend> {
  const { env = {}, signal } = options;
  const access = accessOf(env);
  const hosts = hostsOf(env);
  const client = httpClient(httpAgents(options), timeoutMs(options));
  try {
    signal.throwIfAborted();
    const account = access.kind === 'account' ? access.account : await authorize(client, hosts, access.app, options);
    const tokens = openTokens(client, hosts, account);
    const api = openApi(client, hosts, tokens);
    const mayBeAbsent = options.makesPlace !== false;
    return dropboxBackend(api, { folder: folderOf(url), mayBeAbsent, close: () => client[Symbol.dispose]() });
  } catch (error) {
    client[Symbol.dispose]();
    throw error;
  }
}

interface Opened {
  readonly folder: string;
  /** A folder that is not there is an empty one. */
  readonly mayBeAbsent: boolean;
  readonly close: () => void;
}

function dropboxBackend(api: Api, { folder, mayBeAbsent, close }: Opened): Backend {
  const upload = openUpload(api);
  const shown = folder === '' ? '/' : folder;
  const pathOf = (name: string): string => `${folder}/${name}`;

  async function read<T>(
    name: string,
    range: string | undefined,
    take: (bytes: Bytes) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const task = `read ${name} in ${shown}`;
    const { status, headers, stream, metadata } = await api.download(task, pathOf(name), range, signal);
    const length = headers['content-length'];
    const size = status === 200 ? fieldOf(metadata, 'size') : undefined;
    const expected = typeof size === 'number' ? size : length === undefined ? undefined : Number(length);
    const digest = status === 200 ? fieldOf(metadata, 'content_hash') : undefined;
    const wanted = typeof digest === 'string' ? { digest, hash: contentHash() } : undefined;
    const whole = wholeBytes(stream, expected, name);
    try {
      return await take(checkedBytes(whole, wanted, { task, signal, failureOf: networkError }));
    } finally {
      stream.destroy();
    }
  }

  async function* list(signal: AbortSignal): AsyncGenerator<RemoteFile> {
    const task = `list ${shown}`;
    // What changes meanwhile may be told again on a later page.
    const told = new Set<string>();
    let page = await unlessAbsent(
      api.call(task, 'files/list_folder', { path: folder, recursive: false, limit: PAGE }, signal),
    );
    if (page === undefined && !mayBeAbsent) throw placeNotThere(task);
    let cursor: unknown;
    while (page !== undefined) {
      const before = told.size;
      const entries = fieldOf(page, 'entries');
      if (!Array.isArray(entries)) throw nonsense(task);
      for (const entry of entries as readonly unknown[]) {
        const [name, size] = [fieldOf(entry, 'name'), fieldOf(entry, 'size')];
        if (fieldOf(entry, '.tag') !== 'file' || typeof name !== 'string' || told.has(name)) continue;
        told.add(name);
        yield typeof size === 'number' ? { name, size } : { name };
      }
      if (fieldOf(page, 'has_more') !== true) return;
      // Who begins the same page again would do so for ever.
      if (told.size === before && fieldOf(page, 'cursor') === cursor) throw nonsense(task);
      cursor = fieldOf(page, 'cursor');
      page = await api.call(task, 'files/list_folder/continue', { cursor }, signal);
    }
  }

  /** Dropbox copies over nothing: what is there goes first. */
  async function copy(from: string, to: string, { signal, size }: CopyCall): Promise<void> {
    const task = `copy ${from} to ${to} in ${shown}`;
    const paths = { from_path: pathOf(from), to_path: pathOf(to) };
    const attempt = (): Promise<unknown> => api.call(task, 'files/copy_v2', paths, signal, true);
    const discard = (): Promise<unknown> =>
      unlessAbsent(api.call(task, 'files/delete_v2', { path: paths.to_path }, signal));
    const made = await attempt().catch(async (error: unknown) => {
      if (!(error instanceof DropboxRefusal) || error.tags !== 'to/conflict/file') throw error;
      await discard();
      return attempt();
    });
    const copied = fieldOf(fieldOf(made, 'metadata'), 'size');
    if (typeof copied !== 'number') throw nonsense(task);
    if (size !== undefined && copied !== size) await discard();
    checkCopied(task, copied, size);
  }

  return {
    // Dropbox takes one write to a folder at a time, but the time it takes is that of the bytes before it.
    traits: { parallel: 4, atomicPut: true, consistentList: true },
    put: (name, body, { signal }) => upload(`store ${name} in ${shown}`, pathOf(name), body, signal),
    get: (name, take, { signal }) => read(name, undefined, take, signal),
    list: ({ signal }) => list(signal),
    async delete(name, { signal }) {
      await unlessAbsent(api.call(`delete ${name} in ${shown}`, 'files/delete_v2', { path: pathOf(name) }, signal));
    },
    async stat(name, { signal }) {
      const task = `look up ${name} in ${shown}`;
      const found = await unlessAbsent(api.call(task, 'files/get_metadata', { path: pathOf(name) }, signal));
      if (fieldOf(found, '.tag') !== 'file') return undefined;
      const size = fieldOf(found, 'size');
      return typeof size === 'number' ? { name, size } : { name };
    },
    async checksum(name, { signal }) {
      const task = `look up ${name} in ${shown}`;
      const found = await unlessAbsent(api.call(task, 'files/get_metadata', { path: pathOf(name) }, signal));
      return checksumOf('dropbox', fieldOf(found, 'content_hash'));
    },
    getRange: (name, start, end, take, { signal }) => read(name, `bytes=${start}-${end - 1}`, take, signal),
    copy,
    [Symbol.asyncDispose]: async () => close(),
  };
}

/** undefined for what is not there. */
async function unlessAbsent(answer: Promise<unknown>): Promise<unknown> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof BackendError && error.code === 'BACKEND_NOT_FOUND') return undefined;
    throw error;
  }
}
