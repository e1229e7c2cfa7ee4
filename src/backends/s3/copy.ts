import type * as S3 from '@aws-sdk/client-s3';

import { CannotCopyError } from '../../errors/errors.ts';
import { gate } from '../../util/gate.ts';
import type { CopyCall } from '../backend.ts';
import type { ObjectParams } from './object-params.ts';

const MIB = 1024 * 1024;
/** What Amazon copies in one request, and so do others. */
export const LARGEST_COPY = 5 * 1024 * MIB;
/** Of larger objects: what takes not too long without a word. */
const PART = 1024 * MIB;
const MOST_PARTS = 10_000;

export interface CopyParts {
  readonly library: typeof S3;
  /** Waits longer than others for an answer: nothing moves while the server copies. */
  readonly client: () => Promise<S3.S3Client>;
  readonly keyOf: (name: string) => { readonly Bucket: string; readonly Key: string };
  readonly paramsOf: (name: string) => ObjectParams;
  readonly partsAtOnce: number;
  /** Bytes; more of them are copied in parts. */
  readonly largest: number;
}

export type Copy = (from: string, to: string, call: CopyCall) => Promise<void>;

/** Copies within a bucket; what an upload asks for is asked for anew: class and encryption do not follow a copy. */
export function copier({ library, client: patient, keyOf, paramsOf, partsAtOnce, largest }: CopyParts): Copy {
  async function sizeOf(client: S3.S3Client, name: string, signal: AbortSignal): Promise<number> {
    const head = await client.send(new library.HeadObjectCommand(keyOf(name)), { abortSignal: signal });
    return head.ContentLength ?? 0;
  }

  async function inParts(
    client: S3.S3Client,
    [from, to]: readonly [string, string],
    size: number,
    signal: AbortSignal,
  ) {
    const key = keyOf(to);
    const { UploadId } = await client.send(new library.CreateMultipartUploadCommand({ ...key, ...paramsOf(to) }), {
      abortSignal: signal,
    });
    let hasFailed = false;
    const length = Math.max(Math.min(largest, PART), Math.ceil(size / MOST_PARTS));
    const pass = gate(partsAtOnce);
    async function part(PartNumber: number): Promise<S3.CompletedPart> {
      if (hasFailed) return {};
      const start = (PartNumber - 1) * length;
      const CopySourceRange = `bytes=${start}-${Math.min(start + length, size) - 1}`;
      const input = { ...key, UploadId, PartNumber, CopySource: sourceOf(keyOf(from)), CopySourceRange };
      const { CopyPartResult } = await client.send(new library.UploadPartCopyCommand(input), { abortSignal: signal });
      return { PartNumber, ETag: told(CopyPartResult?.ETag) };
    }
    const numbers = Array.from({ length: Math.ceil(size / length) }, (_, i) => i + 1);
    const parts = numbers.map((number) => pass(() => part(number)));
    try {
      const input = { ...key, UploadId, MultipartUpload: { Parts: await Promise.all(parts) } };
      const complete = new library.CompleteMultipartUploadCommand(input);
      const { ETag } = await client.send(complete, { abortSignal: signal });
      told(ETag);
    } catch (error) {
      hasFailed = true;
      // A part that comes after the end of the others stays for ever.
      await Promise.allSettled(parts);
      await client.send(new library.AbortMultipartUploadCommand({ ...key, UploadId })).catch(() => undefined);
      throw error;
    }
  }

  async function whole(client: S3.S3Client, [from, to]: readonly [string, string], signal: AbortSignal): Promise<void> {
    const input = { ...keyOf(to), ...paramsOf(to), CopySource: sourceOf(keyOf(from)) };
    const { CopyObjectResult } = await client.send(new library.CopyObjectCommand(input), { abortSignal: signal });
    told(CopyObjectResult?.ETag);
  }

  return async (from, to, { signal, size: known }) => {
    const client = await patient();
    const size = known ?? (await sizeOf(client, from, signal));
    try {
      await (size > largest ? inParts(client, [from, to], size, signal) : whole(client, [from, to], signal));
    } catch (error) {
      throw refusedOf(error);
    }
  };
}

/** Escaped, as the header wants it. */
function sourceOf({ Bucket, Key }: { readonly Bucket: string; readonly Key: string }): string {
  return `${Bucket}/${Key.split('/').map(encodeURIComponent).join('/')}`;
}

/**
 * A copy that fails on the way may be answered with 200 all the same, and an error where its digest should be: what the
 * library overlooks of that has no digest.
 */
function told(ETag: string | undefined): string {
  if (ETag !== undefined && ETag !== '') return ETag;
  throw new CannotCopyError("The server's answer to a copy does not say that it is done.");
}

/** Servers that copy nothing say so in several ways, some without a word. */
function refusedOf(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof CannotCopyError) return error;
  const status = (error as Error & { readonly $metadata?: { readonly httpStatusCode?: number } }).$metadata
    ?.httpStatusCode;
  const isUnknown = status === 405 || status === 501 || error.name === 'NotImplemented';
  // The library's word for an answer without a body.
  if (!isUnknown && error.message !== 'S3 aborted request') return error;
  return new CannotCopyError(
    isUnknown ? `The server does not copy objects (${error.name}).` : 'The server answers to a copy without a word.',
    { cause: error, isForGood: isUnknown },
  );
}
