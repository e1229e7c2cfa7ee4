import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';

import type * as S3 from '@aws-sdk/client-s3';

import { BackendError } from '../../errors/errors.ts';
import { gate } from '../../util/gate.ts';
import { asking, checkedBytes, type Asked } from '../asking.ts';
import type { Backend, Body, Bytes, RemoteFile } from '../backend.ts';
import { exactBytes, unsent, wholeBytes } from '../transfer/exact-bytes.ts';
import type { OpenOptions } from '../open-options.ts';
import type { BackendUrl } from '../url/url.ts';
import { checksumIn } from './checksum.ts';
import { loadLibrary } from './client.ts';
import { copier, LARGEST_COPY } from './copy.ts';
import { isForbidden, NoListing, s3Failure } from './failure.ts';
import { objectParams } from './object-params.ts';
import { placesOf } from './place.ts';
import { configuredEndpoint, profileValue } from './account/profile.ts';
import { isListing, reach, type Bucket } from './reach.ts';
import type { S3Settings } from './settings.ts';

const MIB = 1024 * 1024;
/** Amazon's limits of a multipart upload; the last part may be smaller. */
const SMALLEST_PART = 5 * MIB;
const MOST_PARTS = 10_000;
const DEFAULT_PART = 20 * MIB;
/** Two parts take four requests instead of one. They pay when they go side by side, which volumes already do. */
const MOST_WHOLE = 64 * MIB;
const DEFAULT_PARTS_AT_ONCE = 4;

/**
 * Schemes `s3`, `boto3+s3`, `boto+s3`, `s3+http` and `gs`. The bucket must be there: it is never created. `largestCopy` is
 * what the server copies in one request.
 */
export async function open(url: BackendUrl, opening: OpenOptions, largestCopy = LARGEST_COPY): Promise<Backend> {
  const { env = {}, settings = {} } = opening;
  const paramsOf = objectParams(settings);
  const configured = { endpoint: configuredEndpoint(env), style: profileValue(env, 's3.addressing_style') };
  const places = placesOf(url, settings, configured);
  const library = await loadLibrary(url.scheme);
  const bucket = await reach(places, { url, opening, library });
  return s3Backend(library, bucket, paramsOf, { ...settings, largestCopy });
}

/** Where a page of a listing begins, in the words of its second or its first version; nowhere for the first page. */
type Following = { readonly ContinuationToken?: string } | { readonly Marker: string };
type ListInput = Following & { readonly Bucket: string; readonly Prefix: string };

function s3Backend(
  library: typeof S3,
  { client, patient, place, version }: Bucket,
  paramsOf: ReturnType<typeof objectParams>,
  settings: Partial<S3Settings> & { readonly largestCopy: number },
): Backend {
  const { bucket, prefix } = place;
  const chunk = Math.max(SMALLEST_PART, settings.s3MultipartChunkSize ?? DEFAULT_PART);
  const mostWhole = settings.s3MultipartChunkSize === undefined ? MOST_WHOLE : chunk;
  // One large object at a time already has its parts sent side by side: more would only take more memory.
  const oneLarge = gate(1);

  const partsAtOnce = settings.s3MultipartMaxProcs ?? DEFAULT_PARTS_AT_ONCE;

  const keyOf = (name: string) => ({ Bucket: bucket, Key: `${prefix}${name}` });
  let copying: Promise<S3.S3Client> | undefined;
  const copy = copier({
    library,
    client: () => (copying ??= patient()),
    keyOf,
    paramsOf,
    partsAtOnce,
    largest: settings.largestCopy,
  });

  const asked = (task: string, signal: AbortSignal): Asked => ({
    task: `${task} in ${bucket}`,
    signal,
    failureOf: s3Failure,
  });

  /** In one request, whose signature covers the content: the server notices every changed byte. */
  async function putWhole(name: string, body: Body, signal: AbortSignal): Promise<void> {
    const [sha256, md5] = [createHash('sha256'), createHash('md5')];
    for await (const block of exactBytes(unsent(body), signal)) {
      sha256.update(block);
      md5.update(block);
    }
    const source = Readable.from(exactBytes(body, signal), { objectMode: true, highWaterMark: 1 });
    // The library does not hear of a source that fails.
    const failed = new AbortController();
    source.once('error', (error) => failed.abort(error));
    const ContentMD5 = md5.digest('base64');
    const input = { ...keyOf(name), ...paramsOf(name), Body: source, ContentLength: body.size, ContentMD5 };
    const command = new library.PutObjectCommand(input);
    const digest = sha256.digest('hex');
    command.middlewareStack.add(
      (next) => (args) => {
        // The library signs what this header says, and would else have to hold the content in memory.
        (args.request as { headers: Record<string, string> }).headers['x-amz-content-sha256'] = digest;
        return next(args);
      },
      { step: 'build' },
    );
    try {
      await client.send(command, { abortSignal: AbortSignal.any([signal, failed.signal]) });
    } catch (error) {
      throw source.errored ?? error;
    } finally {
      source.destroy();
    }
  }

  async function putLarge(name: string, body: Body, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { Upload } = await import('@aws-sdk/lib-storage');
    const source = Readable.from(exactBytes(body, signal), { objectMode: true, highWaterMark: 1 });
    const upload = new Upload({
      client,
      params: { ...keyOf(name), ...paramsOf(name), Body: source },
      partSize: Math.max(chunk, Math.ceil(body.size / MOST_PARTS)),
      queueSize: partsAtOnce,
    });
    const abort = (): void => void upload.abort();
    signal.addEventListener('abort', abort, { once: true });
    try {
      await upload.done();
    } finally {
      signal.removeEventListener('abort', abort);
      source.destroy();
    }
  }

  async function read<T>(
    name: string,
    range: string | undefined,
    take: (bytes: Bytes) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const task = `read ${name}`;
    const input = { ...keyOf(name), ...(range === undefined ? {} : { Range: range }) };
    const { Body: body, ContentLength } = await asking(asked(task, signal), () =>
      client.send(new library.GetObjectCommand(input), { abortSignal: signal }),
    );
    if (!(body instanceof Readable)) throw new TypeError(`no stream for ${name}`);
    try {
      return await take(checkedBytes(wholeBytes(body, ContentLength, name), undefined, asked(task, signal)));
    } finally {
      // What nobody reads any more must not keep the connection.
      body.destroy();
    }
  }

  /** What begins with `begin`. */
  async function* list(signal: AbortSignal, begin = ''): AsyncGenerator<RemoteFile> {
    let next: Following | undefined = version === 'first' ? { Marker: '' } : {};
    while (next !== undefined) {
      const input: ListInput = { Bucket: bucket, Prefix: `${prefix}${begin}`, ...next };
      // The two commands differ in where they go on, and their answers in how they say so.
      const page: S3.ListObjectsV2CommandOutput = await asking(asked('list files', signal), () =>
        'Marker' in input
          ? client.send(new library.ListObjectsCommand(input), { abortSignal: signal })
          : client.send(new library.ListObjectsV2Command(input), { abortSignal: signal }),
      );
      // Something between us and the store may answer in its place, and well.
      if (!isListing(page)) throw s3Failure(`list files in ${bucket}`, new NoListing());
      for (const { Key, Size } of page.Contents ?? []) {
        const name = Key?.slice(prefix.length) ?? '';
        // An object that stands for the directory itself.
        if (name !== '') yield Size === undefined ? { name } : { name, size: Size };
      }
      next = page.IsTruncated === true ? following(page, input, `list files in ${bucket}`) : undefined;
    }
  }

  /** For a key that may store and list, and not read: HEAD counts as reading. */
  async function listed(name: string, signal: AbortSignal): Promise<RemoteFile | undefined> {
    for await (const file of list(signal, name)) if (file.name === name) return file;
    return undefined;
  }

  /** An upload in parts is begun and given up: it takes the right to store, and nobody sees it, in no list of versions either. */
  async function tryPut(signal: AbortSignal): Promise<void> {
    const name = 'duplicity-probe';
    const begin = new library.CreateMultipartUploadCommand({ ...keyOf(name), ...paramsOf(name) });
    const { UploadId } = await client.send(begin, { abortSignal: signal });
    const end = new library.AbortMultipartUploadCommand({ ...keyOf(name), UploadId });
    // Rules for uploads that were never completed take it otherwise.
    await client.send(end, { abortSignal: signal }).catch(() => undefined);
  }

  return {
    traits: { parallel: 4, atomicPut: true, consistentList: true },
    put: (name, body, { signal }) =>
      asking(asked(`store ${name}`, signal), () =>
        body.size <= mostWhole ? putWhole(name, body, signal) : oneLarge(() => putLarge(name, body, signal)),
      ),
    get: (name, take, { signal }) => read(name, undefined, take, signal),
    list: ({ signal }) => list(signal),
    async delete(name, { signal }) {
      // One by one: not every compatible store has the request for several, and those that have disagree on its digest.
      await asking(asked(`delete ${name}`, signal), () =>
        client.send(new library.DeleteObjectCommand(keyOf(name)), { abortSignal: signal }).catch(unlessAbsent),
      );
    },
    async stat(name, { signal }) {
      const head = new library.HeadObjectCommand(keyOf(name));
      const found = await asking(asked(`look up ${name}`, signal), () =>
        client.send(head, { abortSignal: signal }).catch((error: unknown) => {
          if (isForbidden(error)) return 'forbidden';
          return unlessAbsent(error);
        }),
      );
      if (found === 'forbidden') return listed(name, signal);
      if (found === undefined) return undefined;
      return found.ContentLength === undefined ? { name } : { name, size: found.ContentLength };
    },
    async checksum(name, { signal }) {
      const head = new library.HeadObjectCommand({ ...keyOf(name), ChecksumMode: 'ENABLED' });
      const found = await asking(asked(`look up ${name}`, signal), () =>
        client.send(head, { abortSignal: signal }).catch(unlessAbsent),
      );
      return found && checksumIn(found);
    },
    getRange: (name, start, end, take, { signal }) => read(name, `bytes=${start}-${end - 1}`, take, signal),
    mayStore: ({ signal }) => asking(asked('store files', signal), () => tryPut(signal)),
    copy: (from, to, call) => asking(asked(`copy ${from} to ${to}`, call.signal), () => copy(from, to, call)),
    async [Symbol.asyncDispose]() {
      client.destroy();
      (await copying)?.destroy();
    },
  };
}

/**
 * Where the page after `page` begins. A store that does not know the second version of the listing answers with a page of
 * the first, which has no token: then the first version goes on behind the last key.
 */
function following(page: S3.ListObjectsV2CommandOutput, asked: ListInput, task: string): Following {
  if (page.NextContinuationToken !== undefined) return { ContinuationToken: page.NextContinuationToken };
  const last = page.Contents?.at(-1)?.Key;
  if (last !== undefined && !('Marker' in asked && asked.Marker === last)) return { Marker: last };
  const message = `Cannot ${task}: the server cuts the listing short and does not go on`;
  throw new BackendError('BACKEND_ERROR', message, { retryable: false });
}

function unlessAbsent(error: unknown): undefined {
  if (error instanceof Error && /^(NotFound|NoSuchKey)$/.test(error.name)) return undefined;
  throw error;
}
