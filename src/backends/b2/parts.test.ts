import { createHash } from 'node:crypto';

import { expect, test } from 'vitest';

import type { Bytes } from '../backend.ts';
import { partReader, withDigest } from './parts.ts';

function bodyOf(...blocks: readonly string[]) {
  let opened = 0;
  async function* open(): Bytes {
    opened++;
    for (const block of blocks) yield Buffer.from(block);
  }
  return { open, opened: () => opened };
}

async function textOf(bytes: Bytes): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of bytes) parts.push(part);
  return Buffer.concat(parts).toString();
}

test('parts one after another open the body once, whatever its blocks', async () => {
  const body = bodyOf('ab', '', 'cdefg', 'h');
  await using reader = partReader(body.open);
  const parts = [];
  for (const [start, size] of [
    [0, 3],
    [3, 3],
    [6, 2],
  ] as const)
    parts.push(await textOf(reader.at(start, size)));
  expect([parts, body.opened()]).toEqual([['abc', 'def', 'gh'], 1]);
});

test('a part can be asked for again', async () => {
  const body = bodyOf('abcd', 'efgh');
  await using reader = partReader(body.open);
  expect(await textOf(reader.at(0, 3))).toBe('abc');
  expect(await textOf(reader.at(3, 3))).toBe('def');
  expect(await textOf(reader.at(3, 3))).toBe('def');
  expect(await textOf(reader.at(6, 2))).toBe('gh');
});

test.each([0, 3])('a part from %i on that was left half-way is whole the next time', async (start) => {
  const body = bodyOf('abcd', 'efgh');
  await using reader = partReader(body.open);
  if (start > 0) await textOf(reader.at(0, start));
  const half = reader.at(start, 5)[Symbol.asyncIterator]();
  await half.next();
  expect(await textOf(reader.at(start, 5))).toBe('abcdefgh'.slice(start, start + 5));
});

test('the digest stands behind the bytes', async () => {
  const told: string[] = [];
  const sha1 = createHash('sha1').update('abcd').digest('hex');
  expect(await textOf(withDigest(bodyOf('ab', 'cd').open(), (text) => void told.push(text)))).toBe(`abcd${sha1}`);
  expect(told).toEqual([sha1]);
});
