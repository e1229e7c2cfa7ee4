import { describe, expect, test } from 'vitest';
import { type FileTree, parseFilesFrom } from './files-from.ts';

function paths(tree: FileTree, parent = ''): string[] {
  return [...tree.children].flatMap(([name, child]) => [`${parent}${name}`, ...paths(child, `${parent}${name}/`)]);
}

function parse(content: string, nullSeparator = false): string[] {
  return paths(parseFilesFrom(Buffer.from(content, 'latin1'), 'list', nullSeparator));
}

describe('a list of --files-from', () => {
  test('implies parents and joins what is below the same one', () => {
    expect(parse('d/x\na\nd/y\n')).toEqual(['d', 'd/x', 'd/y', 'a']);
  });

  test('strips nothing and knows no comments', () => {
    expect(parse(' a \n#b\n\u00ff')).toEqual([' a ', '#b', '\u00ff']);
  });

  test('reads ./a//b/ as a/b', () => {
    expect(parse('./a//b/')).toEqual(['a', 'a/b']);
  });

  test('can be separated by NUL', () => {
    expect(parse('a\nb\0c', true)).toEqual(['a\nb', 'c']);
  });

  test.each(['/a', 'a\n/b', '../a', 'a/../../b'])('%j leads out of the source', (content) => {
    expect(() => parse(content)).toThrow(expect.objectContaining({ code: 'FILES_FROM_ABSOLUTE' }));
  });

  test.each(['', '\n', '.\n./\n'])('%j names nothing', (content) => {
    expect(() => parse(content)).toThrow(expect.objectContaining({ code: 'FILES_FROM_EMPTY' }));
  });
});
