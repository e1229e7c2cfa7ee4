import { UsageError } from '../../errors/errors.ts';
import { checkedBytes, wanted } from '../asking.ts';
import type { Backend, Bytes, RemoteFile } from '../backend.ts';
import { variable } from '../environment.ts';
import { wholeBytes } from '../transfer/exact-bytes.ts';
import { httpAgents } from '../http/agents.ts';
import { httpClient, type HttpClient } from '../http/http.ts';
import { placeNotThere } from '../failures/not-there.ts';
import { timeoutMs, type OpenOptions } from '../open-options.ts';
import { passwordSource } from '../password.ts';
import type { BackendUrl } from '../url/url.ts';
import { openAccount, type Account } from './account.ts';
import { copyFile, LARGEST_COPY } from './copy.ts';
import { findBucket, listFiles, versionsOf } from './bucket.ts';
import { networkError } from './failure.ts';
import { checksumOf } from '../transfer/checksum.ts';
import { digestIn } from './parts.ts';
import { escapeName, placeOf, type Place } from './place.ts';
import { CONTENT_TYPE, uploader } from './upload.ts';

const SERVICE = 'https://api.backblazeb2.com';

/**
 * The scheme `b2`: `b2://KEYID[:KEY]@bucket[/folder]`, by Backblaze's native API, version 2. `largestCopy` is what the
 * service copies in one call.
 */
export async function open(url: BackendUrl, options: OpenOptions, largestCopy = LARGEST_COPY): Promise<Backend> {
  const { env = {}, signal, settings = {} } = options;
  const place = placeOf(url);
  const key = await passwordSource({ ...url, host: 'B2' }, options)();
  if (key === undefined) {
    throw new UsageError('USER_ERROR', `There is no key for ${place.keyId}.`, {
      exception: 'BackendException',
      hint: 'Set the application key in FTP_PASSWORD.',
    });
  }
  const service = (variable(env, 'B2_API_URL') ?? SERVICE).replace(/\/+$/, '');
  const client = httpClient(httpAgents(options), timeoutMs(options));
  try {
    const account = openAccount(client, { url: service, keyId: place.keyId, key });
    const mayMake = options.makesPlace !== false;
    const found = await findBucket(account, { ...place, mayMake }, signal);
    return b2Backend({
      client,
      account,
      bucketId: found ?? '',
      isThere: found !== undefined,
      place,
      hides: settings.b2HideFiles ?? false,
      largestCopy,
    });
  } catch (error) {
    client[Symbol.dispose]();
    throw error;
  }
}

interface Opened {
  readonly client: HttpClient;
  readonly account: Account;
  readonly bucketId: string;
  /** False when there is no bucket, and nothing is to be stored. */
  readonly isThere: boolean;
  readonly place: Place;
  readonly hides: boolean;
  readonly largestCopy: number;
}

function b2Backend({ client, account, bucketId, isThere, place, hides, largestCopy }: Opened): Backend {
  const { bucket, prefix } = place;
  const uploads = uploader({ client, account, bucketId });
  const pathOf = (name: string): string => `${bucket}/${escapeName(`${prefix}${name}`)}`;

  async function read<T>(
    name: string,
    range: string | undefined,
    take: (bytes: Bytes) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const task = `read ${name} in ${bucket}`;
    const response = await account.download({
      task,
      path: pathOf(name),
      signal,
      ...(range === undefined ? {} : { range }),
    });
    const length = response.headers['content-length'];
    const whole = wholeBytes(response.stream, length === undefined ? undefined : Number(length), name);
    try {
      const digest = response.status === 200 ? digestIn(response.headers) : undefined;
      return await take(checkedBytes(whole, wanted('sha1', digest), { task, signal, failureOf: networkError }));
    } finally {
      response.stream.destroy();
    }
  }

  async function* list(signal: AbortSignal): AsyncGenerator<RemoteFile> {
    const task = `list files in ${bucket}`;
    if (!isThere) throw placeNotThere(task);
    for await (const { name, ...rest } of listFiles(account, { bucketId, prefix, task }, signal)) {
      if (name.length > prefix.length) yield { name: name.slice(prefix.length), ...rest };
    }
  }

  async function remove(name: string, signal: AbortSignal): Promise<void> {
    const key = `${prefix}${name}`;
    const task = `delete ${name} in ${bucket}`;
    if (hides) {
      const accept = ['already_hidden', 'no_such_file', 'file_not_present', 'not_found'];
      await account.call('b2_hide_file', { bucketId, fileName: key }, { task, signal, accept });
      return;
    }
    // Also the older ones: an upload that was done twice, or under a name again, would come to light otherwise.
    for (const { fileId, isUnfinished } of await versionsOf(account, { bucketId, key, task }, signal)) {
      const accept = ['file_not_present', 'no_such_file', 'not_found'];
      if (isUnfinished) await account.call('b2_cancel_large_file', { fileId }, { task, signal, accept });
      else await account.call('b2_delete_file_version', { fileName: key, fileId }, { task, signal, accept });
    }
  }

  return {
    traits: { parallel: 4, atomicPut: true, consistentList: true },
    put: (name, body, { signal }) => uploads.put(`store ${name} in ${bucket}`, `${prefix}${name}`, body, signal),
    get: (name, take, { signal }) => read(name, undefined, take, signal),
    list: ({ signal }) => list(signal),
    delete: (name, { signal }) => remove(name, signal),
    async stat(name, { signal }) {
      const answer = await account.head({ task: `look up ${name} in ${bucket}`, path: pathOf(name), signal });
      if (answer === undefined) return undefined;
      const size = answer.headers['content-length'];
      return size === undefined ? { name } : { name, size: Number(size) };
    },
    async checksum(name, { signal }) {
      const answer = await account.head({ task: `look up ${name} in ${bucket}`, path: pathOf(name), signal });
      return answer && checksumOf('sha1', digestIn(answer.headers));
    },
    getRange: (name, start, end, take, { signal }) => read(name, `bytes=${start}-${end - 1}`, take, signal),
    // An address to send to is given to who may send.
    mayStore: async ({ signal }) =>
      void (await account.call('b2_get_upload_url', { bucketId }, { task: `store files in ${bucket}`, signal })),
    copy: (from, to, { signal }) =>
      copyFile(account, {
        task: `copy ${from} to ${to} in ${bucket}`,
        path: pathOf(from),
        bucketId,
        key: `${prefix}${to}`,
        contentType: CONTENT_TYPE,
        largest: largestCopy,
        signal,
      }),
    [Symbol.asyncDispose]: async () => client[Symbol.dispose](),
  };
}
