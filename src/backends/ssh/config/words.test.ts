import { expect, test } from 'vitest';

import { shellQuote, splitWords } from './words.ts';

test.each([
  ['', []],
  ['  ', []],
  ['-oPort=2222  -i key', ['-oPort=2222', '-i', 'key']],
  [`-i "my key" -i 'your key'`, ['-i', 'my key', '-i', 'your key']],
  [`-oIdentityFile='a b'c`, ['-oIdentityFile=a bc']],
  [`a\\ b "c\\"d" "e\\f" 'g\\h'`, ['a b', 'c"d', 'e\\f', 'g\\h']],
  [`'' ""`, ['', '']],
  [`"open end`, ['open end']],
])('%j has the words %j', (text, words) => expect(splitWords(text)).toEqual(words));

test.each([
  ['plain-1.2/x', 'plain-1.2/x'],
  ['two words', "'two words'"],
  ["it's $HOME `x`", "'it'\\''s $HOME `x`'"],
  ['', "''"],
])('%j is quoted as %j', (text, quoted) => {
  expect(shellQuote(text)).toBe(quoted);
  expect(splitWords(quoted)).toEqual([text]);
});
