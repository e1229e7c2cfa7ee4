import { expect, test } from 'vitest';

import type { Account } from './account.ts';
import type { Said } from './said.ts';
import { listFiles, versionsOf } from './bucket.ts';

const { signal } = new AbortController();

/** Answers each call with the next of `answers`, and notes what was asked. */
function answering(...answers: readonly Said[]) {
  const asked: object[] = [];
  const absent = (): never => {
    throw new Error('not asked for');
  };
  const account: Account = {
    grant: absent,
    download: absent,
    head: absent,
    call(_name, params) {
      asked.push(params);
      return Promise.resolve(answers[asked.length - 1] ?? {});
    },
  };
  return { account, asked };
}

const place = { bucketId: 'id', prefix: 'a/', key: 'a/b', task: 'list' };

test('an answer without a list is a failure and not an empty list', async () => {
  const message = "Cannot list: the server's answer does not fit what was asked";
  const failure = { code: 'BACKEND_ERROR', retryable: true, message };
  const { account } = answering();
  await expect(listFiles(account, place, signal).next()).rejects.toMatchObject(failure);
  await expect(versionsOf(account, place, signal)).rejects.toMatchObject(failure);
});

test('versions are looked for as long as there are some of this very name', async () => {
  const version = (fileId: string, fileName = 'a/b', action = 'upload') => ({ fileId, fileName, action });
  const { account, asked } = answering(
    { files: [version('3'), version('2', 'a/b', 'start')], nextFileName: 'a/b', nextFileId: '1' },
    { files: [version('1', 'a/b', 'hide'), version('9', 'a/b2')], nextFileName: 'a/b3', nextFileId: '8' },
  );
  expect(await versionsOf(account, place, signal)).toEqual([
    { fileId: '3', isUnfinished: false },
    { fileId: '2', isUnfinished: true },
    { fileId: '1', isUnfinished: false },
  ]);
  expect(asked).toMatchObject([{ startFileName: 'a/b' }, { startFileName: 'a/b', startFileId: '1' }]);
});
