import { describe, expect, test } from 'vitest';
import { formatPax, isUtf8, parsePax, toAscii } from './pax.ts';

const latin1 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

describe('PAX records', () => {
  // Bodies seen in archives of the reference: docs/format/volumes.md.
  test.each([
    [['path', latin1('snapshot/dir/é')], latin1('24 path=snapshot/dir/é\n')],
    [['path', 'snapshot/dir/\xff\xfe'], '21 hdrcharset=BINARY\n24 path=snapshot/dir/\xff\xfe\n'],
    [['mtime', '10413792000'], '21 mtime=10413792000\n'],
    [['path', 'x'.repeat(90)], `99 path=${'x'.repeat(90)}\n`],
    [['path', 'x'.repeat(91)], `101 path=${'x'.repeat(91)}\n`],
  ])('count their own length: %j', ([key = '', value = ''], text) => {
    expect(formatPax(new Map([[key, value]]))).toBe(text);
  });

  test('come back, keys nobody knows and line feeds included', () => {
    const records = new Map([
      ['path', 'a\nb=c\xff'],
      ['X.vendor', ''],
    ]);
    const read = new Map<string, string>();
    parsePax(Buffer.from(formatPax(records), 'latin1'), read, 'x');
    expect(read).toEqual(new Map([['hdrcharset', 'BINARY'], ...records]));
  });

  test.each([
    '8 path=a\n',
    '7 path=a\n',
    '0 path=a\n',
    'x path=a\n',
    '-1 a=b\n',
    '5 abc\n',
    '99999999999 a=b\n',
    '5 a=b\n',
    ' a=b\n',
  ])('%j is damaged', (text) => {
    expect(() => parsePax(Buffer.from(text, 'latin1'), new Map(), 'x')).toThrow('x is damaged');
  });
});

test.each([
  ['a', true, 'a'],
  [latin1('é😀日'), true, '???'],
  ['\xc3', false, '?'],
  ['\xe2\x82', false, '??'],
  ['\xe2\x82x', false, '??x'],
  ['\xc0\x80', false, '??'],
  ['\xed\xa0\x80', false, '???'],
  ['\xf4\x90\x80\x80', false, '????'],
  ['\xf0\x8f\xbf\xbf', false, '????'],
  ['\xe0\x9f\xbf', false, '???'],
  ['\xed\x9f\xbf\xf4\x8f\xbf\xbf', true, '??'],
])('%j: UTF-8 %s, in ASCII %j', (bytes, valid, ascii) => {
  expect(isUtf8(bytes)).toBe(valid);
  expect(toAscii(bytes)).toBe(ascii);
});
