import { expect, test } from 'vitest';

import { recoverWords, wordBytes } from './raw-argv.ts';

const unused = (): Buffer => {
  throw new Error('not to be read');
};
const commandLine =
  (...words: readonly string[]) =>
  () =>
    Buffer.from(`${words.join('\0')}\0`, 'latin1');

test('clean words are left alone, without a look at the system', () => {
  const words = ['full', 'größe', '--x'];
  expect(recoverWords(words, unused)).toBe(words);
});

test('bytes that Node has replaced come back exactly', () => {
  const read = commandLine('node', '--flag', 'main.js', 'a', 'f\xff\xc3\xa9\xe9', '\xef\xbf\xbd');
  const words = recoverWords(['a', 'f\ufffdé\ufffd', '\ufffd'], read);
  expect(words.map((word) => wordBytes(word))).toEqual(['a', 'f\xff\xc3\xa9\xe9', '\xef\xbf\xbd']);
});

test('a word that does not fit the command line of the process stays as it is', () => {
  expect(recoverWords(['x\ufffd'], commandLine('other'))).toEqual(['x\ufffd']);
  expect(recoverWords(['x\ufffd'], unused)).toEqual(['x\ufffd']);
});

test('text becomes its UTF-8 bytes', () => {
  expect(wordBytes('é\u{1f600}')).toBe('\xc3\xa9\xf0\x9f\x98\x80');
});
