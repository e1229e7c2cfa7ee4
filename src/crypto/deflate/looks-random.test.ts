import { expect, test } from 'vitest';
import { randomBytes } from '../testing/files.ts';
import { looksRandom } from './looks-random.ts';

const PIECE = 262_144;

/** Random content in members of 64 KiB, as a volume holds it: each behind a header of 512 bytes, most of them zero. */
function members(seed: number, shift: number): Buffer {
  const bytes = randomBytes(PIECE, seed);
  for (let at = shift; at + 512 <= PIECE; at += 65_536 + 512) bytes.fill(0, at + 20, at + 512);
  return bytes;
}

test.each([0, 1, 100, 511, 4096, 17_000, 60_000])('random content between tar headers from byte %i on', (shift) => {
  for (let seed = 0; seed < 5; seed++) expect(looksRandom(members(seed, shift))).toBe(true);
});

test('not what is random in a part only', () => {
  const half = randomBytes(PIECE, 1);
  half.fill(0, 0, PIECE / 2);
  expect(looksRandom(half)).toBe(false);
  const quarter = randomBytes(PIECE, 2);
  quarter.fill(0, PIECE / 2, PIECE / 2 + PIECE / 4);
  expect(looksRandom(quarter)).toBe(false);
});

test('not a short piece', () => {
  expect(looksRandom(randomBytes(16_000, 1))).toBe(false);
});
