import { createCipheriv } from 'node:crypto';
import { expect, test } from 'vitest';
import { cryptoKernel } from '../../kernel/kernel.ts';
import { randomBytes } from '../../testing/files.ts';
import { cfbEncryption } from './cfb.ts';
import { CIPHERS } from './packet.ts';

const PIECE = 65_536;
/** Of a message's beginning and end, of compressed pieces, and around the size of a block and of a piece. */
const LENGTHS = [18, 0, 1, 15, 1, 16, 17, 31, 250_001, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 7, 5, 2, 20];

test.each([7, 8, 9] as const)(
  'cipher %i gives what node gives, with the kernel and without, cut anywhere',
  (cipher) => {
    const { name, keyBytes } = CIPHERS[cipher];
    const key = randomBytes(keyBytes);
    const clear = randomBytes(LENGTHS.reduce((sum, length) => sum + length));
    const expected = createCipheriv(name, key, Buffer.alloc(16)).update(clear);
    expect(cryptoKernel()).toBeDefined();
    for (const kernel of [cryptoKernel(), null]) {
      const encrypt = cfbEncryption(cipher, key, kernel);
      const sealed: Buffer[] = [];
      let at = 0;
      for (const length of LENGTHS) {
        encrypt(clear.subarray(at, at + length), (piece) => sealed.push(Buffer.from(piece)));
        at += length;
      }
      expect(Buffer.concat(sealed).equals(expected)).toBe(true);
    }
  },
);

test('two streams at the same time do not disturb each other', () => {
  const key = randomBytes(32);
  const clear = randomBytes(100_000);
  const expected = createCipheriv('aes-256-cfb', key, Buffer.alloc(16)).update(clear);
  const streams = [cfbEncryption(9, key), cfbEncryption(9, key)];
  const sealed: Buffer[][] = [[], []];
  for (let at = 0; at < clear.length; at += 777) {
    for (const [i, encrypt] of streams.entries()) {
      encrypt(clear.subarray(at, at + 777), (piece) => sealed[i]?.push(Buffer.from(piece)));
    }
  }
  for (const pieces of sealed) expect(Buffer.concat(pieces).equals(expected)).toBe(true);
});
