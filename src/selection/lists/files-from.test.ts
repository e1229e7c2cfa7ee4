import { describe, expect, test } from 'vitest';
import { bytePath } from '../../util/bytepath.ts';
import { type FileTree, listedBelow, parseFilesFrom } from './files-from.ts';

function paths(tree: FileTree, parent = ''): string[] {
  return [...tree.children].flatMap(([name, child]) => [`${parent}${name}`, ...paths(child, `${parent}${name}/`)]);
}

function parse(content: string, nullSeparator = false, there: readonly string[] = []): string[] {
  return paths(read(content, { nullSeparator, isThere: (path) => there.includes(path) }));
}

function read(content: string, how = { nullSeparator: false, isThere: (_path: string) => false }): FileTree {
  return parseFilesFrom(Buffer.from(content, 'latin1'), 'list', how);
}

describe('a list of --files-from', () => {
  test('implies parents and joins what is below the same one', () => {
    expect(parse('d/x\na\nd/y\n')).toEqual(['d', 'd/x', 'd/y', 'a']);
  });

  test('strips white space, quotes and a byte order mark as other lists do', () => {
    expect(parse('\u00ef\u00bb\u00bfa\r\n\t b c \n" d "\r\n\u00ff')).toEqual(['a', 'b c', ' d ', '\u00ff']);
  });

  test.each([false, true])('means just what it says where there is such a file', (nullSeparator) => {
    const list = [' a ', '"b"', '\u00e9 ', 'c '].join(nullSeparator ? '\0' : '\n');
    expect(parse(list, nullSeparator, [' a ', '"b"', '\u00e9 '])).toEqual([' a ', '"b"', '\u00e9 ', 'c']);
  });

  test('may have comments, which are names where there is such a file', () => {
    const list = read('#b\n# see ../x\na\n');
    expect(paths(list)).toEqual(['#b', '# see ..', '# see ../x', 'a']);
    expect(parse('# see x/../y\na')).toEqual(['a']);
    expect([...listedBelow(list, bytePath('#b'))]).toEqual([]);
  });

  test('knows the line of each name, the first of several', () => {
    const list = read('a\n\nd/x\nd/y\nd/x\na/b\n');
    const below = (path: string) => [...listedBelow(list, bytePath(path))].map((one) => `${one.line} ${one.path}`);
    expect(below('a')).toEqual(['1 a', '6 a/b']);
    expect(below('d')).toEqual(['3 d/x', '4 d/y']);
    expect(below('d/y')).toEqual(['4 d/y']);
    expect(below('e')).toEqual([]);
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
