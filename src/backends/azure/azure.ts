import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';

import type { ContainerClient } from '@azure/storage-blob';

import { BackendError, UsageError } from '../../errors/errors.ts';
import { checksumOf } from '../transfer/checksum.ts';
import { asking, checkedBytes, type Asked } from '../asking.ts';
import type { Backend, Body, Bytes, RemoteFile } from '../backend.ts';
import { variable } from '../environment.ts';
import { exactBytes, unsent, wholeBytes } from '../transfer/exact-bytes.ts';
import { httpAgents, type HttpAgents } from '../http/agents.ts';
import { isMetadataName } from '../transfer/metadata-name.ts';
import { timeoutMs as timeoutOf, type OpenOptions } from '../open-options.ts';
import { optionalLibrary } from '../optional-library.ts';
import { stallWatch, type Stall } from '../transfer/stall.ts';
import { bucketPath } from '../url/url-path.ts';
import { redact, type BackendUrl } from '../url/url.ts';
import { copyBlob, isHalfCopied, withoutPending } from './copy.ts';
import { azureFailure } from './failure.ts';
import type { AzureSettings } from './settings.ts';

const MIB = 1024 * 1024;
const DEFAULT_SINGLE_PUT = 64 * MIB;
const DEFAULT_BLOCK = 4 * MIB;
const DEFAULT_CONNECTIONS = 2;
/** Azure's limits for one block blob and for one request. */
const MOST_BLOCKS = 50_000;
const LARGEST_BLOCK = 4000 * MIB;
const LARGEST_PUT = 5000 * MIB;

/** The scheme `azure`: `azure://container`. The container is made by what stores something. */
export async function open(url: BackendUrl, opening: OpenOptions): Promise<Backend> {
  const { signal, env = {}, settings = {} } = opening;
  const container = containerOf(url);
  const connection = variable(env, 'AZURE_CONNECTION_STRING');
  if (connection === undefined) {
    throw new UsageError('USER_ERROR', 'AZURE_CONNECTION_STRING must be set in the environment.', {
      exception: 'BackendException',
      hint: 'Copy the connection string from the access keys of the storage account.',
    });
  }
  const library = await optionalLibrary('azure', '@azure/storage-blob', () => import('@azure/storage-blob'));
  const agents = httpAgents(opening);
  const timeoutMs = timeoutOf(opening);
  let client: ContainerClient;
  try {
    const { url: address } = library.BlobServiceClient.fromConnectionString(connection);
    const options = {
      // The layer above tries again.
      retryOptions: { maxTries: 1 },
      agent: address.startsWith('https:') ? agents.https : agents.http,
    };
    client = library.BlobServiceClient.fromConnectionString(connection, options).getContainerClient(container);
  } catch (error) {
    throw new UsageError('USER_ERROR', 'AZURE_CONNECTION_STRING is not a connection string of a storage account.', {
      exception: 'BackendException',
      hint: 'It looks like "DefaultEndpointsProtocol=https;AccountName=...;AccountKey=...;EndpointSuffix=core.windows.net".',
      // The library's own words may hold parts of the key.
      cause: error instanceof Error ? new Error(error.name) : undefined,
    });
  }
  try {
    await ensureContainer(client, container, { signal, timeoutMs, mayMake: opening.makesPlace !== false });
  } catch (error) {
    destroy(agents);
    throw error;
  }
  return azureBackend({ client, container, settings, timeoutMs, close: () => destroy(agents) });
}

function destroy({ http, https }: HttpAgents): void {
  http.destroy();
  https.destroy();
}

/** Rules of Azure; a prefix is not possible, as with the reference. */
function containerOf(url: BackendUrl): string {
  const { bucket, prefix } = bucketPath(url);
  if (prefix === '' && bucket.length >= 3 && bucket.length <= 63 && /^[a-z0-9](-?[a-z0-9])*$/.test(bucket))
    return bucket;
  throw new UsageError(
    'USER_ERROR',
    `InvalidBackendURL: Not the name of an Azure container: ${redact(url.original.reveal())}`,
    {
      exception: 'InvalidBackendURL',
      hint: 'Write azure://container, with 3 to 63 small letters, digits and single dashes, and nothing after it.',
    },
  );
}

/** Looks first, also where none may be made: a signature that may only read and write in the container cannot create one. */
async function ensureContainer(
  client: ContainerClient,
  container: string,
  {
    signal,
    timeoutMs,
    mayMake,
  }: { readonly signal: AbortSignal; readonly timeoutMs: number; readonly mayMake: boolean },
): Promise<void> {
  using stall = stallWatch(signal, timeoutMs);
  try {
    if ((await isThere(client, stall)) || !mayMake) return;
    stall.moved();
    await client.createIfNotExists({ abortSignal: stall.signal });
  } catch (error) {
    signal.throwIfAborted();
    const failure = azureFailure(`open the container ${container}`, stall.failure ?? error);
    if (!(failure instanceof BackendError)) throw failure;
    throw new BackendError('CONNECTION_FAILED', `Connection failed: ${failure.message}`, {
      retryable: failure.retryable,
      retryAfterMs: failure.retryAfterMs,
      cause: error,
      ...(failure.hint === undefined ? {} : { hint: failure.hint }),
    });
  }
}

/** A signature for one container is never good for its properties, but for its listing. */
async function isThere(client: ContainerClient, { signal, moved }: Stall): Promise<boolean> {
  try {
    return await client.exists({ abortSignal: signal });
  } catch (error) {
    if (!(error instanceof Error && 'statusCode' in error && error.statusCode === 403)) throw error;
    moved();
    await client.listBlobsFlat({ abortSignal: signal }).byPage({ maxPageSize: 1 }).next();
    return true;
  }
}

interface Opened {
  readonly client: ContainerClient;
  readonly container: string;
  readonly settings: Partial<AzureSettings>;
  readonly timeoutMs: number;
  readonly close: () => void;
}

function azureBackend({ client, container, settings, timeoutMs, close }: Opened): Backend {
  const singlePut = Math.min(settings.azureMaxSinglePutSize ?? DEFAULT_SINGLE_PUT, LARGEST_PUT);
  const block = Math.min(settings.azureMaxBlockSize ?? DEFAULT_BLOCK, LARGEST_BLOCK);
  const connections = settings.azureMaxConnections ?? DEFAULT_CONNECTIONS;
  // Every run reads manifests and signatures: they are not archived.
  const tierOf = (name: string): AzureSettings['azureBlobTier'] =>
    settings.azureBlobTier === 'Archive' && isMetadataName(name) ? undefined : settings.azureBlobTier;

  const asked = (task: string, signal: AbortSignal, stall: Stall): Asked => ({
    task: `${task} in ${container}`,
    signal,
    failureOf: (said, error) => azureFailure(said, stall.failure ?? error),
  });

  async function watching<T>(task: string, signal: AbortSignal, run: (stall: Stall) => Promise<T>): Promise<T> {
    using stall = stallWatch(signal, timeoutMs);
    return await asking(asked(task, signal, stall), () => run(stall));
  }

  async function put(name: string, body: Body, stall: Stall): Promise<void> {
    const { signal, moved } = stall;
    const blob = client.getBlockBlobClient(name);
    const tier = tierOf(name);
    const options = { abortSignal: signal, onProgress: moved, ...(tier !== undefined && { tier }) };
    let failure: unknown;
    const source = (): Readable => {
      const stream = Readable.from(heard(exactBytes(body, signal), moved), { objectMode: false, highWaterMark: MIB });
      // The library reports a source that fails as a lost connection.
      stream.on('error', (error) => (failure = error));
      return stream;
    };
    try {
      if (body.size <= singlePut) {
        const digest = createHash('md5');
        for await (const part of stall.watch(exactBytes(unsent(body), signal))) digest.update(part);
        moved();
        const headers = { transactionalContentMD5: digest.digest() };
        await blob.upload(source, body.size, { ...options, ...headers });
        return;
      }
      const size = Math.max(block, Math.ceil(body.size / MOST_BLOCKS));
      await blob.uploadStream(source(), size, connections, options);
    } catch (error) {
      throw failure ?? error;
    }
  }

  async function read<T>(
    name: string,
    [start, count]: readonly [number, number | undefined],
    take: (bytes: Bytes) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const task = `read ${name}`;
    using stall = stallWatch(signal, timeoutMs);
    const { readableStreamBody: stream, contentLength } = await asking(asked(task, signal, stall), () =>
      client.getBlobClient(name).download(start, count, { abortSignal: stall.signal, maxRetryRequests: 0 }),
    );
    if (!(stream instanceof Readable)) throw new TypeError(`no stream for ${name}`);
    try {
      const bytes = stall.watch(wholeBytes(stream, contentLength, name));
      return await take(checkedBytes(bytes, undefined, asked(task, signal, stall)));
    } finally {
      // What nobody reads any more must not keep the connection.
      stream.on('error', () => {});
      stream.destroy();
    }
  }

  /** What is whole, or else what copies have left. */
  async function* list(signal: AbortSignal, isWhole = true): AsyncGenerator<RemoteFile> {
    for (let continuationToken: string | undefined; ;) {
      const page = await watching('list files', signal, (stall) =>
        client
          .listBlobsFlat({ abortSignal: stall.signal, includeCopy: true })
          .byPage(continuationToken === undefined ? {} : { continuationToken })
          .next()
          // The library takes an answer that is no listing, as something before the store may give, for one without parts.
          .catch(unlessNoListing),
      );
      if (page.done === true) return;
      for (const { name, properties } of page.value.segment.blobItems) {
        if (isHalfCopied(properties) === isWhole) continue;
        const size = properties.contentLength;
        yield size === undefined ? { name } : { name, size };
      }
      const next = page.value.continuationToken;
      if (next === undefined || next === '') return;
      if (next === continuationToken) throw new BackendError('BACKEND_ERROR', NO_END, { retryable: true });
      continuationToken = next;
    }
  }

  return {
    traits: { parallel: 4, atomicPut: true, consistentList: true },
    put: (name, body, { signal }) =>
      watching(`store ${name}`, signal, (stall) =>
        withoutPending(client.getBlobClient(name), stall.signal, () => put(name, body, stall)),
      ),
    get: (name, take, { signal }) => read(name, [0, undefined], take, signal),
    list: ({ signal }) => list(signal),
    unfinished: ({ signal }) => list(signal, false),
    async delete(name, { signal }) {
      const blob = client.getBlobClient(name);
      await watching(`delete ${name}`, signal, ({ signal: abortSignal }) =>
        withoutPending(blob, abortSignal, () => blob.deleteIfExists({ abortSignal, deleteSnapshots: 'include' })),
      );
    },
    async stat(name, { signal }) {
      const found = await watching(`look up ${name}`, signal, (stall) =>
        client.getBlobClient(name).getProperties({ abortSignal: stall.signal }).catch(unlessAbsent),
      );
      if (found === undefined) return undefined;
      return found.contentLength === undefined ? { name } : { name, size: found.contentLength };
    },
    async checksum(name, { signal }) {
      const found = await watching(`look up ${name}`, signal, (stall) =>
        client.getBlobClient(name).getProperties({ abortSignal: stall.signal }).catch(unlessAbsent),
      );
      const digest = found?.contentMD5;
      return digest && checksumOf('md5', Buffer.from(digest).toString('hex'));
    },
    getRange: (name, start, end, take, { signal }) => read(name, [start, end - start], take, signal),
    async copy(from, to, { signal }) {
      const task = `copy ${from} to ${to} in ${container}`;
      await watching(`copy ${from} to ${to}`, signal, (stall) =>
        copyBlob(client.getBlobClient(from), client.getBlobClient(to), { task, tier: tierOf(to), stall, timeoutMs }),
      );
    },
    [Symbol.asyncDispose]: async () => close(),
  };
}

/** Else such a server would be asked for ever. */
const NO_END = 'Cannot list files: the server names the same page of the listing again and again';

function unlessNoListing(error: unknown): never {
  if (!(error instanceof TypeError)) throw error;
  const message = "Cannot list files: the server's answer is no listing";
  throw new BackendError('BACKEND_ERROR', message, { retryable: true, cause: error });
}

function unlessAbsent(error: unknown): undefined {
  if (error instanceof Error && 'statusCode' in error && error.statusCode === 404) return undefined;
  throw error;
}

/** A block for the server may take long to come together: the pieces of it count as movement, too. */
async function* heard(bytes: Bytes, moved: () => void): Bytes {
  for await (const block of bytes) {
    moved();
    yield block;
  }
}
