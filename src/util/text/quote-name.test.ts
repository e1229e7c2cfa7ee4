import { expect, test } from 'vitest';

import { bytePath, fromText } from '../bytepath.ts';
import { quoteName } from './quote-name.ts';

// The right-hand sides are what Python's unicode-escape codec gives.
test.each([
  ['plain name.txt', "'plain name.txt'"],
  ['', "''"],
  ["it's", "'it\\x27s'"],
  ['back\\slash', "'back\\\\slash'"],
  ['line\nbreak\tand\rmore', "'line\\nbreak\\tand\\rmore'"],
  ['\u0000\u001b\u007f', "'\\x00\\x1b\\x7f'"],
  ['grüße', "'gr\\xfc\\xdfe'"],
  ['\u20ac', "'\\u20ac'"],
  ['\u{1f600}', "'\\U0001f600'"],
  ['\ufffd', "'\\ufffd'"],
])('the name %j becomes %s', (name, quoted) => {
  expect(quoteName(fromText(name))).toBe(quoted);
});

test('bytes that are no UTF-8 appear as the surrogates Python uses', () => {
  expect(quoteName(bytePath('f\xff\xe9 \xc3'))).toBe("'f\\udcff\\udce9 \\udcc3'");
  expect(quoteName(bytePath('\xc3\xa9\xe9'))).toBe("'\\xe9\\udce9'");
});
