import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';

import type { ContainerClient } from '@azure/storage-blob';

import { BackendError, UsageError } from '../../errors/errors.ts';
import type { Backend, Body, Bytes, RemoteFile } from '../backend.ts';
import { variable, type Environment } from '../environment.ts';
import { exactBytes, wholeBytes } from '../exact-bytes.ts';
import { isMetadataName } from '../metadata-name.ts';
import { optionalLibrary } from '../optional-library.ts';
import { bucketPath } from '../url-path.ts';
import { redact, type BackendUrl } from '../url.ts';
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

interface OpenOptions {
  readonly signal: AbortSignal;
  readonly env?: Environment;
  readonly settings?: Partial<AzureSettings>;
}

/** The scheme `azure`: `azure://container`. The container is made when it is not there. */
export async function open(url: BackendUrl, { signal, env = {}, settings = {} }: OpenOptions): Promise<Backend> {
  const container = containerOf(url);
  const connection = variable(env, 'AZURE_CONNECTION_STRING');
  if (connection === undefined) {
    throw new UsageError('USER_ERROR', 'AZURE_CONNECTION_STRING must be set in the environment.', {
      exception: 'BackendException',
      hint: 'Copy the connection string from the access keys of the storage account.',
    });
  }
  const library = await optionalLibrary('azure', '@azure/storage-blob', () => import('@azure/storage-blob'));
  // The layer above tries again.
  const options = { retryOptions: { maxTries: 1 } };
  let client: ContainerClient;
  try {
    client = library.BlobServiceClient.fromConnectionString(connection, options).getContainerClient(container);
  } catch (error) {
    throw new UsageError('USER_ERROR', 'AZURE_CONNECTION_STRING is not a connection string of a storage account.', {
      exception: 'BackendException',
      hint: 'It looks like "DefaultEndpointsProtocol=https;AccountName=...;AccountKey=...;EndpointSuffix=core.windows.net".',
      // The library's own words may hold parts of the key.
      cause: error instanceof Error ? new Error(error.name) : undefined,
    });
  }
  await ensureContainer(client, container, signal);
  return azureBackend(client, container, settings);
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

/** Looks first: a signature that may only read and write in the container cannot create one. */
async function ensureContainer(client: ContainerClient, container: string, signal: AbortSignal): Promise<void> {
  try {
    if (await client.exists({ abortSignal: signal })) return;
    await client.createIfNotExists({ abortSignal: signal });
  } catch (error) {
    signal.throwIfAborted();
    const failure = azureFailure(`open the container ${container}`, error);
    if (!(failure instanceof BackendError)) throw failure;
    throw new BackendError('CONNECTION_FAILED', `Connection failed: ${failure.message}`, {
      retryable: false,
      cause: error,
      ...(failure.hint === undefined ? {} : { hint: failure.hint }),
    });
  }
}

function azureBackend(client: ContainerClient, container: string, settings: Partial<AzureSettings>): Backend {
  const singlePut = Math.min(settings.azureMaxSinglePutSize ?? DEFAULT_SINGLE_PUT, LARGEST_PUT);
  const block = Math.min(settings.azureMaxBlockSize ?? DEFAULT_BLOCK, LARGEST_BLOCK);
  const connections = settings.azureMaxConnections ?? DEFAULT_CONNECTIONS;
  const tier = settings.azureBlobTier;

  /** Runs requests and nothing else: what fails in here is the store's or the network's fault. */
  async function asking<T>(task: string, signal: AbortSignal, run: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    try {
      return await run();
    } catch (error) {
      signal.throwIfAborted();
      throw azureFailure(`${task} in ${container}`, error);
    }
  }

  async function put(name: string, body: Body, signal: AbortSignal): Promise<void> {
    const blob = client.getBlockBlobClient(name);
    // Every run reads manifests and signatures: they are not archived.
    const options = {
      abortSignal: signal,
      ...(tier === undefined || (tier === 'Archive' && isMetadataName(name)) ? {} : { tier }),
    };
    let failure: unknown;
    const source = (): Readable => {
      const stream = Readable.from(exactBytes(body, signal), { objectMode: false, highWaterMark: MIB });
      // The library reports a source that fails as a lost connection.
      stream.on('error', (error) => (failure = error));
      return stream;
    };
    try {
      if (body.size <= singlePut) {
        const digest = createHash('md5');
        for await (const part of exactBytes(body, signal)) digest.update(part);
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
    const { readableStreamBody: stream, contentLength } = await asking(task, signal, () =>
      client.getBlobClient(name).download(start, count, { abortSignal: signal, maxRetryRequests: 0 }),
    );
    if (!(stream instanceof Readable)) throw new TypeError(`no stream for ${name}`);
    try {
      return await take(received(wholeBytes(stream, contentLength, name), `${task} in ${container}`, signal));
    } finally {
      // What nobody reads any more must not keep the connection.
      stream.on('error', () => {});
      stream.destroy();
    }
  }

  async function* list(signal: AbortSignal): AsyncGenerator<RemoteFile> {
    const pages = client.listBlobsFlat({ abortSignal: signal }).byPage();
    for (;;) {
      const page = await asking('list files', signal, () => pages.next());
      if (page.done === true) return;
      for (const { name, properties } of page.value.segment.blobItems) {
        const size = properties.contentLength;
        yield size === undefined ? { name } : { name, size };
      }
    }
  }

  return {
    traits: { parallel: 4, atomicPut: true, consistentList: true },
    put: (name, body, { signal }) => asking(`store ${name}`, signal, () => put(name, body, signal)),
    get: (name, take, { signal }) => read(name, [0, undefined], take, signal),
    list: ({ signal }) => list(signal),
    async delete(name, { signal }) {
      await asking(`delete ${name}`, signal, () =>
        client.getBlobClient(name).deleteIfExists({ abortSignal: signal, deleteSnapshots: 'include' }),
      );
    },
    async stat(name, { signal }) {
      const found = await asking(`look up ${name}`, signal, () =>
        client.getBlobClient(name).getProperties({ abortSignal: signal }).catch(unlessAbsent),
      );
      if (found === undefined) return undefined;
      return found.contentLength === undefined ? { name } : { name, size: found.contentLength };
    },
    getRange: (name, start, end, take, { signal }) => read(name, [start, end - start], take, signal),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** Failures of the stream as ours; what the reader of it throws is none of them. */
async function* received(bytes: Bytes, task: string, signal: AbortSignal): Bytes {
  try {
    for await (const block of bytes) {
      yield block;
      signal.throwIfAborted();
    }
  } catch (error) {
    signal.throwIfAborted();
    throw azureFailure(task, error);
  }
}

function unlessAbsent(error: unknown): undefined {
  if (error instanceof Error && 'statusCode' in error && error.statusCode === 404) return undefined;
  throw error;
}
