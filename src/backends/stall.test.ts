import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';

import type { Bytes } from './backend.ts';
import { networkFailure } from './network-failure.ts';
import { stallWatch } from './stall.ts';

const { signal } = new AbortController();

test('silence aborts, with a failure of the network as its reason', async () => {
  using stall = stallWatch(signal, 20);
  await once(stall.signal, 'abort');
  expect(networkFailure(stall.failure)).toMatchObject({ code: 'ETIMEDOUT', retryable: true });
  expect(stall.signal.reason).toBe(stall.failure);
});

test('what moves is left alone, and so is a reader that takes its time', async () => {
  async function* bytes(): Bytes {
    for (let i = 0; i < 3; i++) yield Buffer.from('x');
  }
  using stall = stallWatch(signal, 100);
  let blocks = 0;
  for await (const block of stall.watch(bytes())) {
    blocks += block.length;
    await sleep(60);
  }
  expect([blocks, stall.failure]).toEqual([3, undefined]);
});

test('the caller can abort as well, and that is no failure', () => {
  const caller = new AbortController();
  using stall = stallWatch(caller.signal, 0);
  caller.abort();
  expect([stall.signal.aborted, stall.failure]).toEqual([true, undefined]);
});
