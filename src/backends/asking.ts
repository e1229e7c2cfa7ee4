import { createHash } from 'node:crypto';

import { BackendError } from '../errors/errors.ts';
import type { Bytes } from './backend.ts';

/** What the server said the bytes come to, and the hash that tells. */
export interface Wanted {
  readonly digest: string;
  readonly hash: { update(block: Buffer): unknown; digest(): string };
}

/** In hexadecimal digits, for digests in headers; undefined where the server told none. */
export function wanted(algorithm: 'md5' | 'sha1', digest: string | undefined): Wanted | undefined {
  if (digest === undefined) return undefined;
  const hash = createHash(algorithm);
  return { digest, hash: { update: (block) => hash.update(block), digest: () => hash.digest('hex') } };
}

export interface Asked {
  /** For messages: `read vol1 in bucket`. */
  readonly task: string;
  readonly signal: AbortSignal;
  /** The failure of a request or a stream as the driver tells it. */
  readonly failureOf: (task: string, error: unknown) => unknown;
}

/** Runs requests and nothing else: what fails in here is the server's or the network's fault. */
export async function asking<T>({ task, signal, failureOf }: Asked, run: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  try {
    return await run();
  } catch (error) {
    signal.throwIfAborted();
    throw failureOf(task, error);
  }
}

/**
 * Bytes of an answer as they come: failures of the stream as the driver's, and at the end one that may pass when the
 * digest is another. What the reader throws is none of them. Without `wanted` nothing is compared.
 */
export async function* checkedBytes(bytes: Bytes, wanted: Wanted | undefined, asked: Asked): Bytes {
  const { task, signal, failureOf } = asked;
  try {
    for await (const block of bytes) {
      wanted?.hash.update(block);
      yield block;
      signal.throwIfAborted();
    }
  } catch (error) {
    signal.throwIfAborted();
    throw failureOf(task, error);
  }
  if (wanted !== undefined && wanted.hash.digest() !== wanted.digest) {
    throw new BackendError('BACKEND_ERROR', `Cannot ${task}: the bytes were changed on the way`, { retryable: true });
  }
}
