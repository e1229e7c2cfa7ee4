import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { watch } from './watchdog.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function scene() {
  const bytes = { received: 0, waiting: 0 };
  const calls: string[] = [];
  const dog = watch(
    { received: () => bytes.received, waiting: () => bytes.waiting },
    { timeoutMs: 400, ping: () => calls.push('ping'), onDead: () => calls.push('dead') },
  );
  return { bytes, calls, dog };
}

test('a silent peer is asked half-way, and is dead at the end', () => {
  const { calls } = scene();
  vi.advanceTimersByTime(399);
  expect(calls).toEqual(['ping']);
  vi.advanceTimersByTime(1000);
  expect(calls).toEqual(['ping', 'dead']);
});

test('an answer to the question starts anew', () => {
  const { bytes, calls } = scene();
  vi.advanceTimersByTime(250);
  bytes.received += 1;
  vi.advanceTimersByTime(390);
  expect(calls).toEqual(['ping', 'ping']);
});

test('bytes that the network takes are a sign of life, bytes that pile up are not', () => {
  const { bytes, calls } = scene();
  bytes.waiting = 10_000;
  for (let i = 0; i < 20; i++) {
    vi.advanceTimersByTime(100);
    bytes.waiting -= 10;
  }
  expect(calls).toEqual([]);
  for (let i = 0; i < 5; i++) {
    vi.advanceTimersByTime(100);
    bytes.waiting += 10;
  }
  expect(calls).toEqual(['ping', 'dead']);
});

test('nobody is dead while a person thinks', () => {
  const { calls, dog } = scene();
  dog.pause();
  vi.advanceTimersByTime(5000);
  dog.resume();
  vi.advanceTimersByTime(350);
  expect(calls).toEqual(['ping']);
  dog.stop();
  vi.advanceTimersByTime(5000);
  expect(calls).toEqual(['ping']);
});
