import { expect, test } from 'vitest';

import type { Account } from './account.ts';
import { listFiles, versionsOf } from './bucket.ts';

const { signal } = new AbortController();

/** Answers every call with nothing of what was asked for. */
function senseless(): Account {
  const absent = (): never => {
    throw new Error('not asked for');
  };
  return { grant: absent, download: absent, head: absent, call: () => Promise.resolve({}) };
}

test('an answer without a list is a failure and not an empty list', async () => {
  const place = { bucketId: 'id', prefix: 'a/', key: 'a/b', task: 'list' };
  const message = "Cannot list: the server's answer does not fit what was asked";
  const failure = { code: 'BACKEND_ERROR', retryable: true, message };
  await expect(listFiles(senseless(), place, signal).next()).rejects.toMatchObject(failure);
  await expect(versionsOf(senseless(), place, signal)).rejects.toMatchObject(failure);
});
