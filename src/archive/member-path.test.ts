import { expect, test } from 'vitest';
import { memberPath } from './member-path.ts';

const path = (name: string): string => memberPath(`p/${name}`, 2, name.length + 2, 'vol1');

test.each([
  ['', ''],
  ['.', ''],
  ['./', ''],
  ['/', ''],
  ['a', 'a'],
  ['a/', 'a'],
  ['a/b c/..d/.e/f..', 'a/b c/..d/.e/f..'],
  ['...', '...'],
  ['.a', '.a'],
  ['a\n\xff', 'a\n\xff'],
])('%j is the path %j', (name, expected) => {
  expect(path(name)).toBe(expected);
});

test.each(['..', '../a', 'a/..', 'a/../b', './a', 'a/.', 'a/./b', '/a', '//', 'a//b', 'a//', 'a\0b', '../'])(
  '%j is refused, with the name of the volume',
  (name) => {
    expect(() => path(name)).toThrow(/^vol1 has a member with an unsafe name: p\//);
  },
);
