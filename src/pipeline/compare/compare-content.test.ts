import { expect, test } from 'vitest';
import { LocalError } from '../../errors/errors.ts';
import type { OpenedFile } from '../../source/open-file.ts';
import { ContentComparer } from './compare-content.ts';

function file(text: string, atMost = Infinity, size = text.length): OpenedFile & { readonly closed: () => number } {
  const bytes = Buffer.from(text);
  let at = 0;
  let closed = 0;
  return {
    size,
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

const atOnce =
  (...blocks: readonly string[]) =>
  (take: (block: Buffer) => void) =>
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
  const comparer = new ContentComparer();
  for (const atMost of [Infinity, 1, 65_536]) {
    for (const size of [here.length, 0, here.length + 1]) {
      const expected = differs ? 'different' : 'same';
      expect(await comparer.compare(file(here, atMost, size), content(...blocks))).toBe(expected);
      expect(comparer.compare(file(here, atMost, size), atOnce(...blocks))).toBe(expected);
    }
  }
});

test('the file is closed, also when the content fails', async () => {
  const comparer = new ContentComparer();
  const ended = file('a');
  void comparer.compare(ended, atOnce('a'));
  expect(ended.closed()).toBe(1);
  const failed = file('a');
  await expect(comparer.compare(failed, () => Promise.reject(new Error('damaged')))).rejects.toThrow('damaged');
  expect(failed.closed()).toBe(1);
  const failedAtOnce = file('a');
  const fail = (): never => {
    throw new Error('damaged');
  };
  expect(() => comparer.compare(failedAtOnce, fail)).toThrow('damaged');
  expect(failedAtOnce.closed()).toBe(1);
});

test('the content is read to its end after a difference, so that damage in it shows', () => {
  const blocks = ['x', 'y', 'z'];
  let taken = 0;
  void new ContentComparer().compare(file('abc'), (take) =>
    blocks.forEach((block) => {
      take(Buffer.from(block));
      taken++;
    }),
  );
  expect(taken).toBe(3);
});

test('a file that cannot be read on is neither the same nor different, and the next one is compared', () => {
  const comparer = new ContentComparer();
  const failure = new LocalError('GENERIC', 'Cannot read x: EIO');
  const broken = file('abcd', 2);
  let reads = 0;
  const read = (into: Buffer): number => {
    if (++reads > 1) throw failure;
    return broken.read(into);
  };
  expect(comparer.compare({ ...broken, read }, atOnce('abcd'))).toBe(failure);
  expect(broken.closed()).toBe(1);
  expect(comparer.compare(file('ab'), atOnce('ab'))).toBe('same');
});

test('a small file costs one read', () => {
  const small = file('abc');
  let reads = 0;
  const read = (into: Buffer): number => {
    reads++;
    return small.read(into);
  };
  expect(new ContentComparer().compare({ ...small, read }, atOnce('ab', 'c'))).toBe('same');
  expect(reads).toBe(1);
});
