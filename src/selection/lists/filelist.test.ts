import { describe, expect, test } from 'vitest';
import { parseFilelist } from './filelist.ts';

function patterns(content: string, nullSeparator = false): string[] {
  return parseFilelist({ name: 'list', content: Buffer.from(content, 'latin1'), sense: 'exclude' }, nullSeparator).map(
    ({ sense, pattern }) => `${sense === 'include' ? '+' : '-'}${pattern}`,
  );
}

// Every case was run with 0.8.22.
describe('a filelist', () => {
  test('skips blank lines and comments, but no # further on', () => {
    expect(patterns('\n  \n# x\n  # y\n/s/#z')).toEqual(['-/s/#z']);
  });

  test('ends lines at LF, CR LF and a lone CR', () => {
    expect(patterns('a\nb\r\nc\rd')).toEqual(['-a', '-b', '-c', '-d']);
  });

  test('strips what Python calls white space, and a byte order mark at the start only', () => {
    const mark = '\u00ef\u00bb\u00bf';
    const content = `${mark}\u00c2\u00a0a\u001c\n\u00e2\u0080\u00a8b\t\n${mark}c`;
    expect(patterns(content)).toEqual(['-a', '-b', '-\ufeffc']);
    expect(patterns(`${mark}# comment\n${mark}`)).toEqual(['-\ufeff']);
  });

  test.each(['\u00ff\u00fea\0', '\u00fe\u00ff\0a'])('in UTF-16 is refused', (content) => {
    expect(() => patterns(content)).toThrow('The list list is written in UTF-16.');
  });

  test('takes signs with one blank, and nothing is stripped after them', () => {
    expect(patterns('+ a\n- b\n+c\n-  d\n-')).toEqual(['+a', '-b', '-+c', '- d', '--']);
  });

  test('removes one pair of quotes, also after a sign', () => {
    expect(patterns(`' a '\n+ "b"\n''c''\n'd\n"e'`)).toEqual(['- a ', '+b', `-'c'`, `-'d`, `-"e'`]);
  });

  test('ignores what is empty between quotes, one quote being both ends', () => {
    expect(patterns(`''\n- ""\n'\n`)).toEqual([]);
  });

  test('can be separated by NUL, newlines then belonging to the names', () => {
    expect(patterns('a\nb\0c\0', true)).toEqual(['-a\nb', '-c']);
  });

  test('counts its lines, also those that say nothing', () => {
    const content = Buffer.from('\n# x\na\r\n\n+ b');
    const lines = parseFilelist({ name: 'list', content, sense: 'exclude' }, false);
    expect(lines.map(({ number, pattern }) => [number, pattern])).toEqual([
      [3, 'a'],
      [5, 'b'],
    ]);
  });

  test('keeps bytes that are not UTF-8', () => {
    expect(patterns('a\u00ff')).toEqual(['-a\udcff']);
  });
});
