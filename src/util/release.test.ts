import { markAsUntransferable } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { readyToRelease, release } from './release.ts';

test('the memory of a large buffer is given back at once, slices included', () => {
  const block = Buffer.allocUnsafeSlow(100_000);
  const slice = block.subarray(10, 20);
  release(block);
  expect(block).toHaveLength(0);
  expect(slice).toHaveLength(0);
});

test.each([
  ['a small one', Buffer.allocUnsafeSlow(1000)],
  ['a slice from the middle', Buffer.allocUnsafeSlow(100_000).subarray(1)],
])('%s is left alone', (_what, block) => {
  release(block);
  expect(block.length).toBeGreaterThan(0);
});

// Node 20 passes over such memory, later ones throw: test/surroundings runs the program on them.
test('memory that Node does not give away is left alone', () => {
  const block = Buffer.allocUnsafeSlow(100_000);
  markAsUntransferable(block.buffer);
  release(block);
  expect(block).toHaveLength(100_000);
});

// Node 24 has a large pool, and throws where Node 20 lets such a transfer pass.
test("slices of Node's pool are left alone, also the one at its beginning", () => {
  // More than one pool. That of Node 26 has something else at its beginning.
  const slices = Array.from({ length: 200 }, () => Buffer.allocUnsafe(1000));
  for (const slice of slices) release(slice);
  expect(slices.filter(({ length }) => length !== 1000)).toEqual([]);
});

test('once it is ready, memory goes back although the event loop does not come round', async () => {
  await readyToRelease();
  const { arrayBuffers: before } = process.memoryUsage();
  for (let i = 0; i < 100; i++) release(Buffer.allocUnsafeSlow(1_000_000));
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20_000_000);
});
