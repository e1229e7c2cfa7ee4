import { expect, test } from 'vitest';

import type { Bytes } from '../backend.ts';
import { inParts } from './parts.ts';

async function* from(...texts: readonly string[]): Bytes {
  for (const text of texts) yield Buffer.from(text);
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
  const found: string[] = [];
  for await (const part of inParts(from(...blocks), 4)) found.push(part.toString());
  expect(found).toEqual(parts);
});
