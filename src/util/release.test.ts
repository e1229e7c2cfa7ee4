import { expect, test } from 'vitest';
import { release } from './release.ts';

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

// Node 24 has a large pool, and throws where Node 20 lets such a transfer pass.
test("a slice at the beginning of Node's pool is left alone", () => {
  let slice = Buffer.allocUnsafe(1000);
  while (slice.byteOffset !== 0 || slice.buffer.byteLength !== Buffer.poolSize) slice = Buffer.allocUnsafe(1000);
  release(slice);
  expect(slice).toHaveLength(1000);
});
