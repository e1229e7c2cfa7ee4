import { expect, test } from 'vitest';

import type { Bytes } from '../backend.ts';
import { inParts, tailOf } from './parts.ts';

async function* from(...texts: readonly string[]): Bytes {
  for (const text of texts) yield Buffer.from(text);
}

async function partsOf(bytes: Bytes, size: number): Promise<string[]> {
  const found: string[] = [];
  for await (const { blocks } of inParts(bytes, size)) found.push(Buffer.concat(blocks).toString());
  return found;
}

test.each([
  [[], []],
  [['abc'], ['abc']],
  [['abcd'], ['abcd']],
  [['abcde'], ['abcd', 'e']],
  [
    ['a', 'bc', 'defghijk', 'l'],
    ['abcd', 'efgh', 'ijkl'],
  ],
])('%j comes in parts %j', async (blocks, parts) => {
  expect(await partsOf(from(...blocks), 4)).toEqual(parts);
});

test.each([
  [0, 'abcdef'],
  [2, 'cdef'],
  [4, 'ef'],
  [6, ''],
])('the tail behind %i bytes is %j', (skipped, text) => {
  const tail = tailOf({ size: 6, blocks: ['ab', 'c', 'def'].map((piece) => Buffer.from(piece)) }, skipped);
  expect([tail.size, Buffer.concat(tail.blocks).toString()]).toEqual([text.length, text]);
});
