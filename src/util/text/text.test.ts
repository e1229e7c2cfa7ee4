import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytePath } from '../bytepath.ts';
import { decodeName, encodeName } from './text.ts';
import { decodeText } from './utf8.ts';

describe('names as patterns see them', () => {
  test('valid UTF-8 becomes its characters', () => {
    expect(decodeName('na\u00c3\u00afve')).toBe('na\u00efve');
    expect(decodeName('\u00f0\u009f\u0098\u0080')).toBe('\u{1f600}');
  });

  test.each([
    ['a stray byte', [0x61, 0xff], 'a\udcff'],
    ['a cut sequence', [0xe6, 0x97], '\udce6\udc97'],
    ['an overlong form', [0xc0, 0xaf], '\udcc0\udcaf'],
    ['an encoded surrogate', [0xed, 0xa0, 0x80], '\udced\udca0\udc80'],
    ['a character above U+10FFFF', [0xf4, 0x90, 0x80, 0x80], '\udcf4\udc90\udc80\udc80'],
    ['a genuine U+FFFD beside a stray byte', [0xef, 0xbf, 0xbd, 0x80, 0x62], '\ufffd\udc80b'],
  ])('%s keeps its bytes as lone surrogates', (_what, bytes, text) => {
    expect(decodeText(Buffer.from(bytes))).toBe(text);
  });

  test('encoding gives back any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 24 }), (bytes) => {
        const name = Buffer.from(bytes).toString('latin1');
        expect(encodeName(decodeName(name))).toBe(bytePath(name));
      }),
    );
  });
});
