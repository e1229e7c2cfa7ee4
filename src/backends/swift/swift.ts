import { UsageError } from '../../errors/errors.ts';
import { checksumOf } from '../transfer/checksum.ts';
import { checkedBytes, wanted } from '../asking.ts';
import type { Backend, Body, Bytes, RemoteFile } from '../backend.ts';
import { exactBytes, unsent, wholeBytes } from '../transfer/exact-bytes.ts';
import { httpAgents } from '../http/agents.ts';
import { placeNotThere } from '../failures/not-there.ts';
import { timeoutMs, type OpenOptions } from '../open-options.ts';
import { bucketPath } from '../url/url-path.ts';
import { redact, type BackendUrl } from '../url/url.ts';
import { accountOf, type Account } from './account.ts';
import { copyObject, escapeKey, objectPathOf, originalAt, type Copying } from './copy.ts';
import { ensureContainer, listObjects } from './container.ts';
import { networkError } from './failure.ts';
import { httpClient } from '../http/http.ts';
import { inRuns, measure } from './segments.ts';
import { openStore, type Store } from './store.ts';

/** What Swift takes in one object, unless it is configured otherwise. */
const LARGEST_OBJECT = 5 * 1024 ** 3;

export type SwiftOpenOptions = Pick<OpenOptions, 'signal' | 'env' | 'settings' | 'makesPlace'>;

/** The scheme `swift`: `swift://container/prefix`. The container is made by what stores something. */
export function open(url: BackendUrl, options: SwiftOpenOptions): Promise<Backend> {
  const { env = {}, settings = {} } = options;
  return openContainer(url, {
    account: accountOf(env, 'SWIFT', 1),
    policy: settings.swiftStoragePolicy,
    segmentSize: settings.mpSegmentSize ?? LARGEST_OBJECT,
    opening: options,
  });
}

export interface ContainerOptions {
  readonly account: Account;
  /** Of the container; undefined: the server's default for a new one, any for an existing one. */
  readonly policy: string | undefined;
  /** Bytes from which on an object is stored in segments of that size. */
  readonly segmentSize: number;
  readonly opening: SwiftOpenOptions;
}

export async function openContainer(url: BackendUrl, options: ContainerOptions): Promise<Backend> {
  const { bucket: container, prefix } = bucketPath(url);
  if (container === '') {
    throw new UsageError('USER_ERROR', `InvalidBackendURL: No container in: ${redact(url.original.reveal())}`, {
      exception: 'InvalidBackendURL',
      hint: `Write ${url.scheme}://container/prefix.`,
    });
  }
  const { opening } = options;
  const client = httpClient(httpAgents(opening), timeoutMs(opening));
  try {
    const store = openStore(client, options.account);
    const mayMake = opening.makesPlace !== false;
    const isThere = await ensureContainer(store, container, options.policy, opening.signal, mayMake);
    return swiftBackend(store, { container, prefix, isThere, ...options, close: () => client[Symbol.dispose]() });
  } catch (error) {
    client[Symbol.dispose]();
    throw error;
  }
}

interface Place extends Pick<ContainerOptions, 'policy' | 'segmentSize'> {
  readonly container: string;
  readonly prefix: string;
  /** False when there is no container, and nothing is to be stored. */
  readonly isThere: boolean;
  readonly close: () => void;
}

function swiftBackend(store: Store, { container, prefix, isThere, policy, segmentSize, close }: Place): Backend {
  const segmentContainer = `${container}_segments`;
  /** Whether there are any segments at all; most backups have none, and need not ask for them with every file. */
  let hasSegments: Promise<boolean> | undefined;

  const objectPath = (key: string): string => objectPathOf(container, key);
  const segmentPath = (key: string): string => objectPathOf(segmentContainer, key);

  async function put(name: string, body: Body, signal: AbortSignal): Promise<void> {
    const task = `store ${name} in ${container}`;
    const segments = await measure(exactBytes(unsent(body), signal), body.size, segmentSize);
    const [first] = segments;
    if (segments.length === 1 && first !== undefined && body.size < segmentSize) {
      await store.whole(task, {
        method: 'PUT',
        path: objectPath(`${prefix}${name}`),
        headers: { ETag: first.md5, 'Content-Type': 'application/octet-stream' },
        body: () => ({ size: body.size, bytes: exactBytes(body, signal) }),
        signal,
      });
      await removeSegments(name, undefined, signal);
      return;
    }
    await using runs = inRuns(exactBytes(body, signal));
    await putSegments(name, { task, size: body.size, signal }, async (folder) => {
      for (const [i, { size, md5 }] of segments.entries()) {
        await store.whole(task, {
          method: 'PUT',
          path: segmentPath(segmentName(folder, i)),
          headers: { ETag: md5, 'Content-Type': 'application/octet-stream' },
          body: () => ({ size, bytes: runs.take(size) }),
          signal,
        });
      }
    });
  }

  /** An object of this name, whose segments `fill` puts into a folder of their own. Of what fails nothing is left. */
  async function putSegments(
    name: string,
    { task, size, signal }: { readonly task: string; readonly size: number; readonly signal: AbortSignal },
    fill: (folder: string) => Promise<void>,
  ): Promise<void> {
    await ensureContainer(store, segmentContainer, policy, signal);
    hasSegments = Promise.resolve(true);
    // The form of the reference: name/time/size/segment size/number.
    const folder = `${prefix}${name}/${(Date.now() / 1000).toFixed(6)}/${size}/${segmentSize}/`;
    try {
      await fill(folder);
      await store.whole(task, {
        method: 'PUT',
        path: objectPath(`${prefix}${name}`),
        headers: {
          'X-Object-Manifest': `${encodeURIComponent(segmentContainer)}/${escapeKey(folder)}`,
          'Content-Length': '0',
          'Content-Type': 'application/octet-stream',
        },
        signal,
      });
    } catch (error) {
      await removeAll(folder, new AbortController().signal).catch(() => undefined);
      throw error;
    }
    await removeSegments(name, folder, signal);
  }

  /** What is too large for one object is copied segment by segment: those of the original go with it one day. */
  async function copy(from: string, to: string, signal: AbortSignal): Promise<void> {
    const copying: Copying = { store, task: `copy ${from} to ${to} in ${container}`, signal };
    const source = objectPath(`${prefix}${from}`);
    const { size, segments } = await originalAt(source, copying);
    if (segments === undefined || size < segmentSize) {
      await copyObject(source, objectPath(`${prefix}${to}`), copying);
      await removeSegments(to, undefined, signal);
      return;
    }
    await putSegments(to, { ...copying, size }, async (folder) => {
      let count = 0;
      for await (const path of segments()) await copyObject(path, segmentPath(segmentName(folder, count++)), copying);
    });
  }

  /** Removes what an object of this name had or has in segments, but not those in `kept`. */
  async function removeSegments(name: string, kept: string | undefined, signal: AbortSignal): Promise<void> {
    hasSegments ??= store
      .whole(`look up the container ${segmentContainer}`, {
        method: 'HEAD',
        path: `/${encodeURIComponent(segmentContainer)}`,
        signal,
        // Without the right to look there are none of ours.
        accept: [403, 404],
      })
      .then(({ status }) => status < 300);
    const asked = hasSegments;
    asked.catch(() => {
      if (hasSegments === asked) hasSegments = undefined;
    });
    if (await asked) await removeAll(`${prefix}${name}/`, signal, kept);
  }

  async function removeAll(folder: string, signal: AbortSignal, kept?: string): Promise<void> {
    for await (const { name } of listObjects(store, segmentContainer, folder, signal)) {
      if (kept !== undefined && name.startsWith(kept)) continue;
      await store.whole(`delete a segment in ${segmentContainer}`, {
        method: 'DELETE',
        path: segmentPath(name),
        signal,
        accept: [404],
      });
    }
  }

  async function read<T>(
    name: string,
    headers: Readonly<Record<string, string>>,
    take: (bytes: Bytes) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const task = `read ${name} in ${container}`;
    const response = await store.stream(task, { method: 'GET', path: objectPath(`${prefix}${name}`), headers, signal });
    const length = response.headers['content-length'];
    const whole = wholeBytes(response.stream, length === undefined ? undefined : Number(length), name);
    const { etag = '' } = response.headers;
    // A part has the digest of the whole, an object in segments one in quotes that is none of its content.
    const digest = response.status === 200 && /^[0-9a-f]{32}$/.test(etag) ? etag : undefined;
    try {
      return await take(checkedBytes(whole, wanted('md5', digest), { task, signal, failureOf: networkError }));
    } finally {
      response.stream.destroy();
    }
  }

  async function* list(signal: AbortSignal): AsyncGenerator<RemoteFile> {
    if (!isThere) throw placeNotThere(`list files in ${container}`);
    for await (const { name, ...rest } of listObjects(store, container, prefix, signal)) {
      if (name.length > prefix.length) yield { name: name.slice(prefix.length), ...rest };
    }
  }

  return {
    traits: { parallel: 4, atomicPut: true, consistentList: true },
    put: (name, body, { signal }) => put(name, body, signal),
    get: (name, take, { signal }) => read(name, {}, take, signal),
    list: ({ signal }) => list(signal),
    async delete(name, { signal }) {
      await store.whole(`delete ${name} in ${container}`, {
        method: 'DELETE',
        path: objectPath(`${prefix}${name}`),
        signal,
        accept: [404],
      });
      await removeSegments(name, undefined, signal);
    },
    async stat(name, { signal }) {
      const { status, headers } = await store.whole(`look up ${name} in ${container}`, {
        method: 'HEAD',
        path: objectPath(`${prefix}${name}`),
        signal,
        accept: [404],
      });
      if (status === 404) return undefined;
      const size = headers['content-length'];
      return size === undefined ? { name } : { name, size: Number(size) };
    },
    async checksum(name, { signal }) {
      const { status, headers } = await store.whole(`look up ${name} in ${container}`, {
        method: 'HEAD',
        path: objectPath(`${prefix}${name}`),
        signal,
        accept: [404],
      });
      // An object in segments has one in quotes, which is none of its content.
      return status === 404 || headers['x-object-manifest'] !== undefined ? undefined : checksumOf('md5', headers.etag);
    },
    getRange: (name, start, end, take, { signal }) => read(name, { Range: `bytes=${start}-${end - 1}` }, take, signal),
    copy: (from, to, { signal }) => copy(from, to, signal),
    [Symbol.asyncDispose]: async () => close(),
  };
}

function segmentName(folder: string, number: number): string {
  return `${folder}${String(number).padStart(8, '0')}`;
}
