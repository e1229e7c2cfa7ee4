import { expect, test } from 'vitest';
import { randomBytes } from '../testing/files.ts';
import { cryptoKernel, MOST_BYTES } from './kernel.ts';
import { xored } from './xor.ts';

test.each([0, 16, 48, 64, 80, 65_536, 262_160, MOST_BYTES])(
  '%i bytes are XORed, with the kernel and without',
  (length) => {
    expect(cryptoKernel()).toBeDefined();
    const bytes = randomBytes(length + 8, 2);
    const mask = randomBytes(length, 3);
    for (const kernel of [cryptoKernel(), null]) {
      for (const offset of [0, 3]) {
        const given = Buffer.from(new ArrayBuffer(length + 8));
        bytes.copy(given);
        const found = xored(given.subarray(offset, offset + length), mask, kernel);
        const wanted = Buffer.from(mask.map((byte, i) => byte ^ (bytes[i + offset] ?? 0)));
        expect(found.equals(wanted)).toBe(true);
        // What lies around it stays.
        expect(given.subarray(offset + length).equals(bytes.subarray(offset + length))).toBe(true);
      }
    }
  },
);
