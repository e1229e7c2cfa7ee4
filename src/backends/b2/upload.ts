import { BackendError } from '../../errors/errors.ts';
import { Secret } from '../../util/secret.ts';
import type { Body, Bytes } from '../backend.ts';
import { exactBytes, unsent } from '../transfer/exact-bytes.ts';
import type { HttpClient } from '../http/http.ts';
import { isFine, type Account } from './account.ts';
import { networkError, noSense, refusal } from './failure.ts';
import { saidIn } from './said.ts';
import { USER_AGENT } from './login.ts';
import { DIGEST_SIZE, digestOf, partReader, withDigest } from './parts.ts';
import { escapeName } from './place.ts';

/** The reference's, for files of any kind. */
export const CONTENT_TYPE = 'application/pgp-encrypted';
/** What the service takes for one file. */
const MOST_PARTS = 10_000;
/**
 * With so many addresses in turn a body is sent before the failure counts. An address is of one storage server and ends
 * with it: the service's own rule is to ask for another one at once.
 */
const ADDRESSES = 3;

interface UploadAddress {
  readonly url: string;
  readonly token: Secret;
}

/** An upload is by one caller at a time: those nobody uses lie here. */
interface AddressPool {
  readonly idle: UploadAddress[];
  readonly ask: (task: string, signal: AbortSignal) => Promise<UploadAddress>;
}

export interface UploadOptions {
  readonly client: HttpClient;
  readonly account: Account;
  readonly bucketId: string;
}

export interface Uploader {
  /** Stores a version of `key`; visible when the promise is kept. */
  put(task: string, key: string, body: Body, signal: AbortSignal): Promise<void>;
}

interface Sent {
  readonly task: string;
  readonly size: number;
  /** Opened for each address that it is sent to. */
  readonly bytes: () => Bytes;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** Files up to the part size that the service recommends in one request, larger ones in parts, one after another. */
export function uploader({ client, account, bucketId }: UploadOptions): Uploader {
  const forFiles = pool('b2_get_upload_url', { bucketId });

  function pool(name: string, params: object): AddressPool {
    return {
      idle: [],
      async ask(task, signal) {
        const answer = await account.call(name, params, { task, signal });
        if (answer.uploadUrl === undefined || answer.authorizationToken === undefined) throw noSense(task);
        return { url: answer.uploadUrl, token: new Secret(answer.authorizationToken) };
      },
    };
  }

  /** Gives the SHA-1 of what the server has. */
  async function send(addresses: AddressPool, sent: Sent): Promise<string> {
    const { task, size, bytes, headers, signal } = sent;
    for (let attempt = 1; ; attempt++) {
      const address = addresses.idle.pop() ?? (await addresses.ask(task, signal));
      let sha1 = '';
      let status = 0;
      try {
        const answer = await client.sendWhole({
          method: 'POST',
          url: address.url,
          headers: {
            ...headers,
            Authorization: address.token.reveal(),
            'User-Agent': USER_AGENT,
            'X-Bz-Content-Sha1': 'hex_digits_at_end',
          },
          body: { size: size + DIGEST_SIZE, bytes: withDigest(bytes(), (digest) => (sha1 = digest)) },
          signal,
        });
        ({ status } = answer);
        if (!isFine(status)) throw refusal(task, answer);
        const stored = saidIn(answer.text);
        if (stored.contentSha1 !== sha1 || stored.contentLength !== size) throw noSense(task);
        addresses.idle.push(address);
        return sha1;
      } catch (error) {
        signal.throwIfAborted();
        const failure = networkError(task, error);
        if (attempt === ADDRESSES || !(status === 401 || isPassing(failure))) throw failure;
      }
    }
  }

  async function putLarge(task: string, key: string, body: Body, partSize: number, signal: AbortSignal): Promise<void> {
    const sha1 = await digestOf(exactBytes(unsent(body), signal));
    const { fileId } = await account.call(
      'b2_start_large_file',
      // A large file has no digest of its own; under this name every client looks for it.
      { bucketId, fileName: key, contentType: CONTENT_TYPE, fileInfo: { large_file_sha1: sha1 } },
      { task, signal },
    );
    if (fileId === undefined) throw noSense(task);
    try {
      await using reader = partReader(() => exactBytes(body, signal));
      const addresses = pool('b2_get_upload_part_url', { fileId });
      const partSha1Array: string[] = [];
      for (let at = 0; at < body.size; at += partSize) {
        const size = Math.min(partSize, body.size - at);
        const number = String(partSha1Array.length + 1);
        const headers = { 'X-Bz-Part-Number': number };
        partSha1Array.push(await send(addresses, { task, size, bytes: () => reader.at(at, size), headers, signal }));
      }
      const finished = await account.call('b2_finish_large_file', { fileId, partSha1Array }, { task, signal });
      if (finished.fileId !== fileId) throw noSense(task);
    } catch (error) {
      const own = new AbortController().signal;
      await account.call('b2_cancel_large_file', { fileId }, { task, signal: own }).catch(() => undefined);
      throw error;
    }
  }

  return {
    async put(task, key, body, signal) {
      const { partSize } = await account.grant(signal);
      if (body.size > partSize) {
        await putLarge(task, key, body, Math.max(partSize, Math.ceil(body.size / MOST_PARTS)), signal);
        return;
      }
      const headers = { 'X-Bz-File-Name': escapeName(key), 'Content-Type': CONTENT_TYPE };
      await send(forFiles, { task, size: body.size, bytes: () => exactBytes(body, signal), headers, signal });
    },
  };
}

/** Whether another address may do better at once; where the server asks to wait, that is left to who waits. */
function isPassing(failure: unknown): boolean {
  return failure instanceof BackendError && failure.retryable && failure.retryAfterMs === undefined;
}
