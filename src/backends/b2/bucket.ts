import { BackendError } from '../../errors/errors.ts';
import type { RemoteFile } from '../backend.ts';
import type { Account } from './account.ts';
import { noSense } from './failure.ts';
import type { Allowed } from './login.ts';
import type { Place } from './place.ts';

/** Names in one answer: what the service counts as one transaction. */
const PAGE = 1000;

/**
 * The id of the bucket; makes a private one when it is not there and may be made, else undefined. A key for one bucket needs no right to look. Throws
 * BACKEND_PERMISSION_DENIED when the key is for another place, BACKEND_NOT_FOUND when it may not make the bucket.
 */
export async function findBucket(
  account: Account,
  { bucket, prefix, mayMake }: Place & { readonly mayMake: boolean },
  signal: AbortSignal,
): Promise<string | undefined> {
  const { allowed } = await account.grant(signal);
  if (!prefix.startsWith(allowed.namePrefix)) {
    throw denied(
      `the key is for names that begin with "${allowed.namePrefix}"`,
      `Write b2://KEYID@${bucket}/FOLDER with a folder that begins so, or use another key.`,
    );
  }
  if (allowed.bucketId !== undefined) return onlyBucket(allowed, bucket);
  const task = `look up the bucket ${bucket}`;
  const { buckets } = await account.call('b2_list_buckets', ({ accountId }) => ({ accountId, bucketName: bucket }), {
    task,
    signal,
  });
  if (buckets === undefined) throw noSense(task);
  const found = buckets.find(({ bucketName }) => bucketName === bucket)?.bucketId;
  return found ?? (mayMake ? createBucket(account, bucket, signal) : undefined);
}

function onlyBucket({ bucketId = '', bucketName }: Allowed, bucket: string): string {
  if (bucketName === bucket) return bucketId;
  throw denied(
    bucketName === undefined
      ? 'the key is for a bucket that has been deleted'
      : `the key is for the bucket ${bucketName}, not ${bucket}`,
    'Use another key, or the bucket that it is for.',
  );
}

async function createBucket(account: Account, bucket: string, signal: AbortSignal): Promise<string> {
  const { bucketId } = await account.call(
    'b2_create_bucket',
    ({ accountId }) => ({ accountId, bucketName: bucket, bucketType: 'allPrivate' }),
    { task: `create the bucket ${bucket}`, signal, accept: ['unauthorized'] },
  );
  if (bucketId !== undefined) return bucketId;
  throw new BackendError('BACKEND_NOT_FOUND', `There is no bucket ${bucket}, and the key may not create it.`, {
    retryable: false,
    exception: 'NonExistentBucket',
    hint: 'Create the bucket, or use a key with the capability writeBuckets.',
  });
}

function denied(what: string, hint: string): BackendError {
  return new BackendError('BACKEND_PERMISSION_DENIED', `Connection failed: ${what}.`, {
    retryable: false,
    exception: 'RestrictedBucket',
    hint,
  });
}

/** Files right below `prefix`, which their names begin with, whole pages at a time. */
export async function* listFiles(
  account: Account,
  { bucketId, prefix, task }: { readonly bucketId: string; readonly prefix: string; readonly task: string },
  signal: AbortSignal,
): AsyncGenerator<RemoteFile> {
  for (let startFileName: string | undefined; ;) {
    const params = { bucketId, prefix, delimiter: '/', maxFileCount: PAGE, startFileName };
    const { files, nextFileName } = await account.call('b2_list_file_names', params, { task, signal });
    if (files === undefined) throw noSense(task);
    for (const { fileName, contentLength, action } of files) {
      if (fileName === undefined || action !== 'upload') continue;
      yield { name: fileName, ...(contentLength === undefined ? {} : { size: contentLength }) };
    }
    if (nextFileName === undefined) return;
    // Who begins the same page again would do so for ever.
    if (nextFileName === startFileName) throw noSense(task);
    startFileName = nextFileName;
  }
}

export interface Version {
  readonly fileId: string;
  /** A large file that nobody finished: not a version yet. */
  readonly isUnfinished: boolean;
}

/** Everything that is stored under exactly this name, marks that hide it and unfinished large files too. */
export async function versionsOf(
  account: Account,
  { bucketId, key, task }: { readonly bucketId: string; readonly key: string; readonly task: string },
  signal: AbortSignal,
): Promise<readonly Version[]> {
  const versions: Version[] = [];
  let start: { readonly startFileName: string; readonly startFileId?: string | undefined } = { startFileName: key };
  for (;;) {
    const params = { bucketId, prefix: key, maxFileCount: PAGE, ...start };
    const answer = await account.call('b2_list_file_versions', params, { task, signal });
    const { files, nextFileName, nextFileId } = answer;
    if (files === undefined) throw noSense(task);
    for (const { fileName, fileId, action } of files) {
      if (fileName !== key || fileId === undefined) continue;
      versions.push({ fileId, isUnfinished: action === 'start' });
    }
    if (nextFileName !== key) return versions;
    if (nextFileId === start.startFileId) throw noSense(task);
    start = { startFileName: nextFileName, startFileId: nextFileId };
  }
}
