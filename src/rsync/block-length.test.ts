import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { blockLength } from './block-length.ts';

interface Vector {
  readonly size: number;
  readonly max_blocksize: number;
  readonly block_len: number;
}

const vectors = readFileSync(new URL('../../test/golden/data/vectors/blocksize.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Vector);

test.each(vectors)('a file of $size bytes, limit $max_blocksize, has blocks of $block_len', (vector) => {
  expect(blockLength(vector.size, vector.max_blocksize)).toBe(vector.block_len);
});
