import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';

import { noise } from '../../../test/support/scene.ts';
import { contentHash, contentHashOf } from './content-hash.ts';

const BLOCK = 4 * 1024 * 1024;
const sha256 = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest();

/** The description of the vendor, word for word. */
function described(bytes: Buffer): string {
  const digests: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += BLOCK) digests.push(sha256(bytes.subarray(at, at + BLOCK)));
  return sha256(Buffer.concat(digests)).toString('hex');
}

test('the hash of nothing is the hash of no blocks', () => {
  expect(contentHashOf(Buffer.alloc(0))).toBe(sha256(Buffer.alloc(0)).toString('hex'));
});

test.each([1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK])('%i bytes have the hash that is documented', (size) => {
  const bytes = noise(size);
  expect(contentHashOf(bytes)).toBe(described(bytes));
});

test('the hash does not depend on how the bytes come', () => {
  const bytes = noise(BLOCK + 70_000);
  const hash = contentHash();
  for (let at = 0; at < bytes.length; at += 65_537) hash.update(bytes.subarray(at, at + 65_537));
  expect(hash.digest()).toBe(described(bytes));
});
