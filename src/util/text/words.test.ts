import { expect, test } from 'vitest';

import { splitWords } from './words.ts';

test.each<[string, readonly string[]]>([
  ['', []],
  ['  -a   -b ', ['-a', '-b']],
  ['-m "two words" \'$x "y"\'', ['-m', 'two words', '$x "y"']],
  ['--opt="a b"c', ['--opt=a bc']],
  ['a\\ b "\\"" \'\\\'', ['a b', '"', '\\']],
  ['"" x', ['', 'x']],
  ["it's", ["it's"]],
])('%j is %j', (text, words) => expect(splitWords(text)).toEqual(words));
