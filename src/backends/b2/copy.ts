import type { Account, FileQuestion } from './account.ts';
import { noSense, refusal } from './failure.ts';
import { digestIn } from './parts.ts';

/** What the service copies in one call, in bytes; more go in parts. */
export const LARGEST_COPY = 5_000_000_000;
const MOST_PARTS = 10_000;

export interface Copying extends Omit<FileQuestion, 'range'> {
  /** Of the copy. */
  readonly bucketId: string;
  readonly key: string;
  readonly contentType: string;
  readonly largest: number;
}

/** Makes a version of `key` of the file at `path`; visible when the promise is kept. */
export async function copyFile(account: Account, copying: Copying): Promise<void> {
  const { task, signal, path, bucketId, key, contentType, largest } = copying;
  const head = await account.head({ task, path, signal });
  if (head === undefined) throw refusal(task, { status: 404, headers: {}, text: '' });
  const { 'x-bz-file-id': sourceFileId, 'content-length': length } = head.headers;
  const size = Number(length);
  if (typeof sourceFileId !== 'string' || !Number.isInteger(size)) throw noSense(task);
  const question = { task, signal, isSlow: true };
  if (size <= largest) {
    const copied = await account.call('b2_copy_file', { sourceFileId, fileName: key }, question);
    if (copied.fileId === undefined || copied.contentLength !== size) throw noSense(task);
    return;
  }
  const sha1 = digestIn(head.headers);
  const fileInfo = sha1 === undefined ? {} : { large_file_sha1: sha1 };
  const { fileId } = await account.call(
    'b2_start_large_file',
    { bucketId, fileName: key, contentType, fileInfo },
    { task, signal },
  );
  if (fileId === undefined) throw noSense(task);
  try {
    const { partSize } = await account.grant(signal);
    const most = Math.max(Math.min(partSize, largest), Math.ceil(size / MOST_PARTS));
    const partSha1Array: string[] = [];
    for (let at = 0; at < size; at += most) {
      const range = `bytes=${at}-${Math.min(at + most, size) - 1}`;
      const params = { sourceFileId, largeFileId: fileId, partNumber: partSha1Array.length + 1, range };
      const { contentSha1 } = await account.call('b2_copy_part', params, question);
      if (contentSha1 === undefined) throw noSense(task);
      partSha1Array.push(contentSha1);
    }
    const finished = await account.call('b2_finish_large_file', { fileId, partSha1Array }, question);
    if (finished.fileId !== fileId || finished.contentLength !== size) throw noSense(task);
  } catch (error) {
    const own = new AbortController().signal;
    await account.call('b2_cancel_large_file', { fileId }, { task, signal: own }).catch(() => undefined);
    throw error;
  }
}
