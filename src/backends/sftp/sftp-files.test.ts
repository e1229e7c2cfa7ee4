import type { SFTPWrapper } from 'ssh2';
import { expect, test } from 'vitest';

import type { Connection } from '../ssh/connection.ts';
import { sftpFiles } from './sftp-files.ts';

const { signal } = new AbortController();

type Answer<T> = (error: Error | undefined, value?: T) => void;

/** A connection that stays, to a server whose answers are given. */
function filesOf(answers: object) {
  const connection = { gone: new Promise<void>(() => {}), isOpen: () => true } as unknown as Connection;
  return sftpFiles(connection, answers as unknown as SFTPWrapper);
}

function status(code: number): Error {
  return Object.assign(new Error(`status ${code}`), { code });
}

/** Names in a listing with a link, whose target the server answers for with `failure`. */
async function listedWith(failure: Error): Promise<readonly string[]> {
  const files = filesOf({
    readdir: (_path: string, done: Answer<object[]>) =>
      done(undefined, [
        { filename: 'file', attrs: { mode: 0o100644, size: 1 } },
        { filename: 'link', attrs: { mode: 0o120777, size: 4 } },
      ]),
    stat: (_path: string, done: Answer<object>) => done(failure),
  });
  return (await files.list('')).map(({ name }) => name);
}

test('a link that leads round in a circle is not listed; a lost connection is no reason to list less', async () => {
  expect(await listedWith(status(4))).toEqual(['file']);
  await expect(listedWith(new Error('the connection was lost'))).rejects.toThrow('was lost');
});

test('what a killed run left is replaced, also on a server that says "file already exists" as later versions do', async () => {
  let isThere = true;
  const files = filesOf({
    open: (_path: string, _flags: string, _attributes: object, done: Answer<Buffer>) =>
      isThere ? done(status(11)) : done(undefined, Buffer.from('handle')),
    unlink(_path: string, done: Answer<void>) {
      isThere = false;
      done(undefined);
    },
    close: (_handle: Buffer, done: Answer<void>) => done(undefined),
  });
  await files.write('.name.part', { size: 0, open: async function* () {} }, signal);
  expect(isThere).toBe(false);
});
