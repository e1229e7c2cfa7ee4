import { expect, test } from 'vitest';
import type { SourceFile } from '../source/open-file.ts';
import { contentDiffers } from './compare-content.ts';

function file(text: string, atMost = Infinity): SourceFile & { readonly closed: () => number } {
  const bytes = Buffer.from(text);
  let at = 0;
  let closed = 0;
  return {
    read(into) {
      const length = bytes.copy(into, 0, at, Math.min(bytes.length, at + atMost));
      at += length;
      return length;
    },
    close: () => void closed++,
    closed: () => closed,
  };
}

const content =
  (...blocks: readonly string[]) =>
  async (take: (block: Buffer) => void) =>
    blocks.forEach((block) => take(Buffer.from(block)));

const long = 'x'.repeat(100_000);

test.each<readonly [string, string, readonly string[], boolean]>([
  ['nothing and nothing', '', [], false],
  ['nothing and an empty block', '', [''], false],
  ['the same in one block', 'abc', ['abc'], false],
  ['the same in blocks', 'abcdef', ['ab', 'c', 'def'], false],
  ['the same, longer than the buffer', long, [long], false],
  ['another byte', 'abc', ['abd'], true],
  ['another byte in a later block', 'abcdef', ['abc', 'dxf'], true],
  ['a shorter file', 'ab', ['abc'], true],
  ['a longer file', 'abcd', ['abc'], true],
  ['an empty file', '', ['a'], true],
  ['a file where nothing is expected', 'a', [], true],
])('%s', async (_what, here, blocks, differs) => {
  expect(await contentDiffers(file(here), content(...blocks))).toBe(differs);
  expect(await contentDiffers(file(here, 1), content(...blocks))).toBe(differs);
});

test('the file is closed, also when the content fails', async () => {
  const ended = file('a');
  await contentDiffers(ended, content('a'));
  expect(ended.closed()).toBe(1);
  const failed = file('a');
  await expect(contentDiffers(failed, () => Promise.reject(new Error('damaged')))).rejects.toThrow('damaged');
  expect(failed.closed()).toBe(1);
});

test('the content is read to its end after a difference, so that damage in it shows', async () => {
  const blocks = ['x', 'y', 'z'];
  let taken = 0;
  await contentDiffers(file('abc'), async (take) =>
    blocks.forEach((block) => {
      take(Buffer.from(block));
      taken++;
    }),
  );
  expect(taken).toBe(3);
});
