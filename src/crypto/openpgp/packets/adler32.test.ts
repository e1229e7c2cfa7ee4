import { deflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { cryptoKernel, MOST_BYTES } from '../../kernel/kernel.ts';
import { randomBytes } from '../../testing/files.ts';
import { adler32 } from './adler32.ts';

const LENGTHS = [0, 1, 15, 16, 17, 5551, 5552, 5553, 5568, MOST_BYTES - 1, MOST_BYTES + 1, 2 * MOST_BYTES];

test.each(LENGTHS)('the sum of %i bytes, in two pieces, is zlib’s, with the kernel and without', (length) => {
  expect(cryptoKernel()).toBeDefined();
  for (const bytes of [randomBytes(length), Buffer.alloc(length, 0xff)]) {
    const expected = deflateSync(bytes).readUInt32BE(deflateSync(bytes).length - 4);
    for (const kernel of [cryptoKernel(), null]) {
      for (const middle of [length >> 1, Math.min(length, 13)]) {
        const first = adler32(bytes.subarray(0, middle), 1, kernel);
        expect(adler32(bytes.subarray(middle), first, kernel)).toBe(expected);
      }
    }
  }
});
