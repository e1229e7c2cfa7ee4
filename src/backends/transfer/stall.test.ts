import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { Bytes } from '../backend.ts';
import { networkFailure } from '../failures/network-failure.ts';
import { stallWatch } from './stall.ts';

const { signal } = new AbortController();

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('silence aborts, with a failure of the network as its reason', () => {
  using stall = stallWatch(signal, 20);
  vi.advanceTimersByTime(19);
  stall.moved();
  vi.advanceTimersByTime(19);
  expect(stall.signal.aborted).toBe(false);
  vi.advanceTimersByTime(1);
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
    vi.advanceTimersByTime(1000);
  }
  expect([blocks, stall.failure]).toEqual([3, undefined]);
});

test('the caller can abort as well, and that is no failure', () => {
  const caller = new AbortController();
  using stall = stallWatch(caller.signal, 0);
  caller.abort();
  expect([stall.signal.aborted, stall.failure]).toEqual([true, undefined]);
});
