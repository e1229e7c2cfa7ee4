import { expect, test } from 'vitest';

import type { Bytes } from '../backend.ts';
import { ownFailure } from './own-failure.ts';

const signal = new AbortController().signal;
const broken = new Error('the wire broke');

async function* body(failure?: Error): Bytes {
  yield Buffer.from('x');
  if (failure !== undefined) throw failure;
}

test('what failed in the body is reported, not what that did to the wire', async () => {
  const failure = new Error('the source failed');
  const own = ownFailure();
  const bytes = own.watch(body(failure))[Symbol.asyncIterator]();
  await bytes.next();
  await expect(bytes.next()).rejects.toBe(failure);
  await expect(own.first(Promise.reject(broken), signal)).rejects.toBe(failure);
});

test('what a stream throws into the body is not the failure of the body', async () => {
  const own = ownFailure();
  const bytes = own.watch(body())[Symbol.asyncIterator]();
  await bytes.next();
  await bytes.throw?.(new Error('write EPIPE')).catch(() => undefined);
  await expect(own.first(Promise.reject(broken), signal)).rejects.toBe(broken);
});

test('a body that is left early is closed', async () => {
  let isClosed = false;
  async function* closing(): Bytes {
    try {
      yield Buffer.from('x');
    } finally {
      isClosed = true;
    }
  }
  for await (const block of ownFailure().watch(closing())) if (block.length > 0) break;
  expect(isClosed).toBe(true);
});
