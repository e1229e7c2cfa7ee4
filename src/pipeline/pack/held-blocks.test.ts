import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { noise } from '../../rsync/testing.ts';
import { tempDir } from '../testing/temp-dir.ts';
import { HeldBlocks } from './held-blocks.ts';

test.each([0, 1, 65_536, 1_048_576, 1_048_577, 5_000_000])('%i bytes come back as they were, twice', (size) => {
  const dir = tempDir();
  const held = new HeldBlocks(join(dir, 'held'));
  for (const seed of [1, 2]) {
    const content = noise(size, seed);
    for (let at = 0; at < size; at += 65_536) held.push([content.subarray(at, at + 65_536)]);
    expect(held.length).toBe(size);
    expect(readdirSync(dir)).toEqual([]);
    const back = Array.from(held.take(), (block) => Buffer.from(block));
    expect(Buffer.concat(back).equals(content)).toBe(true);
    expect(held.length).toBe(0);
  }
  held.close();
});

test('blocks that were handed over may be taken for something else once they are in the file', () => {
  const held = new HeldBlocks(join(tempDir(), 'held'));
  const block = noise(2_000_000, 3);
  held.push([block]);
  block.fill(0);
  expect(Buffer.concat(Array.from(held.take(), (part) => Buffer.from(part))).equals(noise(2_000_000, 3))).toBe(true);
});
