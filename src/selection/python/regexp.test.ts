import { describe, expect, test } from 'vitest';
import { UsageError } from '../../errors/errors.ts';
import { compilePythonRegexp } from './regexp.ts';

// What re.search of Python 3.11 says about each text.
const FOUND: readonly (readonly [pattern: string, found: readonly string[], notFound: readonly string[]])[] = [
  ['', ['', 'a'], []],
  ['a.b', ['a/b', 'a\udcffb'], ['a\nb', 'ab']],
  ['(?s)a.b', ['a\nb'], ['ab']],
  ['a$', ['a', 'a\n'], ['a\nb', 'a\n\n']],
  ['(?m)a$', ['a\nb'], ['ab']],
  ['(?m)^b', ['a\nb'], ['ab']],
  ['^b', ['b'], ['a\nb']],
  ['\\Aa', ['ab'], ['ba']],
  ['b\\Z', ['ab'], ['b\n']],
  ['\\bfoo\\b', ['a foo b'], ['afoo', 'foo\u00e9']],
  ['\\Boo', ['foo'], ['oo']],
  ['\\d', ['1', '\u0663'], ['a']],
  ['(?a)\\d', ['1'], ['\u0663']],
  ['^\\w$', ['_', '\u00e9'], ['-', '\udcff']],
  ['(?a)^\\w$', ['_'], ['\u00e9']],
  ['\\s', [' ', '\u001c', '\u0085'], ['\ufeff']],
  ['[\\W_]x', ['.x', '_x'], ['ax']],
  ['[^\\W]x', ['ax'], ['.x']],
  ['[]a]', [']', 'a'], ['[']],
  ['[^]a]', ['['], [']a']],
  ['[a\\]b]', [']'], ['\\']],
  ['[--/]', ['.', '-'], ['0']],
  ['[a-]', ['-'], ['b']],
  ['[[]', ['['], [']']],
  ['[\\x41-\\103]', ['B'], ['D']],
  ['[\\b]', ['\b'], ['b']],
  ['a{,2}b$', ['b', 'aab'], ['a']],
  ['a{', ['a{'], ['a']],
  ['a{}b', ['a{}b'], ['ab']],
  ['}]', ['}]'], [']}']],
  ['(?P<x>a)(?P=x)', ['aa'], ['ab']],
  ['(a)(b)\\2', ['abb'], ['ab']],
  ['(?#c)a', ['a'], ['c']],
  ['(?i)FOO', ['foo'], ['fo']],
  ['(?i)[\u00c9]', ['\u00e9'], ['e']],
  ['(?x) f o # comment\n o', ['foo'], ['f o o']],
  ['(?x)a\\ b', ['a b'], ['ab']],
  ['(?<!a)b', ['b', 'cb'], ['ab']],
  ['\\u00e9|\\U0001F600', ['\u00e9', '\u{1f600}'], ['e']],
  ['^.$', ['\u{1f600}', '\udcff'], ['ab']],
  ['\\/\\-\\%', ['/-%'], ['\\']],
  ['[\u{1f600}-\u{1f602}]', ['\u{1f601}'], ['\u{1f603}']],
];

describe('an expression of Python', () => {
  test.each(FOUND)('%j finds what Python finds', (pattern, found, notFound) => {
    const expression = compilePythonRegexp(pattern, false);
    expect(found.filter((text) => !expression.test(text))).toEqual([]);
    expect(notFound.filter((text) => expression.test(text))).toEqual([]);
  });

  test('can be told to ignore case from outside', () => {
    expect(compilePythonRegexp('upper$', true).test('/s/UPPER')).toBe(true);
  });

  test.each([
    [
      'an error in Python',
      ['(', ')', '[', '*a', 'a**', '\\q', '[\\q]', '\\2', '[z-a]', 'a{2,1}', '(?L)a', 'a(?i)b', '\\'],
    ],
    ['beyond JavaScript', ['a++', 'a{2}+', '(?>a)', '(?i:a)b', '(a)?(?(1)b|c)', '\\N{DIGIT ONE}']],
  ])('that is %s is a usage error', (_what, patterns) => {
    expect(patterns.filter((pattern) => refusal(pattern) !== 'COMMAND_LINE')).toEqual([]);
  });
});

function refusal(pattern: string): unknown {
  try {
    compilePythonRegexp(pattern, false);
    return undefined;
  } catch (error) {
    return error instanceof UsageError ? error.code : error;
  }
}
