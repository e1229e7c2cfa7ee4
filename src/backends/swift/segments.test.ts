import { createHash } from 'node:crypto';

import { expect, test } from 'vitest';

import type { Bytes } from '../backend.ts';
import { inRuns, measure } from './segments.ts';

const CONTENT = Buffer.from('0123456789');

async function* inBlocks(size: number): Bytes {
  for (let at = 0; at < CONTENT.length; at += size) yield CONTENT.subarray(at, at + size);
}

test.each([1, 3, 10])('segments are the same however the bytes come: blocks of %i', async (block) => {
  const expected = ['0123', '4567', '89'].map((text) => ({
    size: text.length,
    md5: createHash('md5').update(text).digest('hex'),
  }));
  expect(await measure(inBlocks(block), CONTENT.length, 4)).toEqual(expected);
  await using runs = inRuns(inBlocks(block));
  const got: string[] = [];
  for (const { size } of expected) {
    const parts: Buffer[] = [];
    for await (const part of runs.take(size)) parts.push(part);
    got.push(Buffer.concat(parts).toString());
  }
  expect(got).toEqual(['0123', '4567', '89']);
});

test('whole segments have no empty one after them; an empty body has one', async () => {
  expect((await measure(inBlocks(10), 10, 5)).map(({ size }) => size)).toEqual([5, 5]);
  expect((await measure(inBlocks(0x7fffffff), 10, Number.POSITIVE_INFINITY)).map(({ size }) => size)).toEqual([10]);
  async function* nothing(): Bytes {}
  expect((await measure(nothing(), 0, 5)).map(({ size }) => size)).toEqual([0]);
});
