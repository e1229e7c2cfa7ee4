import { deflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { randomBytes } from '../../testing/files.ts';
import { adler32 } from './adler32.ts';

test.each([0, 1, 5551, 5552, 5553, 300_000])('the sum of %i bytes, in two pieces, is zlib’s', (length) => {
  for (const bytes of [randomBytes(length), Buffer.alloc(length, 0xff)]) {
    const half = length >> 1;
    const sum = adler32(bytes.subarray(half), adler32(bytes.subarray(0, half), 1));
    expect(sum).toBe(deflateSync(bytes).readUInt32BE(deflateSync(bytes).length - 4));
  }
});
