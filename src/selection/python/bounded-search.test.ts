import { describe, expect, test } from 'vitest';
import { UsageError } from '../../errors/errors.ts';
import { boundedSearch } from './bounded-search.ts';
import { searchCost } from './cost.ts';
import { compilePythonRegexp } from './regexp.ts';

describe('the cost of a search', () => {
  test.each<readonly [string, number, number]>([
    ['', 1, 1],
    ['\\.(jpg|png|gif)$', 3 * 2, 1],
    ['^/home/[^/]+/\\.cache/', 1, 2],
    ['.*/node_modules/.*', 1, 3],
    ['(foo|bar)?x', 3, 1],
    ['a{3}[b)]{2,4}', 1, 2],
    ['(?P<x>a+)(?P=x)', 1, 2],
    ['(a|b)*c', 1, Infinity],
    ['(a+)+b', 1, Infinity],
    ['(?:/[^/]*)*x', 1, Infinity],
    ['(ab)*c', 1, 2],
    ['(a?){20}b', 2 ** 20, 1],
    ['(a+){5}b', 1, 6],
    ['[*+(|]\\*\\(\\|', 1, 1],
  ])('of %s is %d times the length to the power of %d', (pattern, factor, degree) => {
    expect(searchCost(compilePythonRegexp(pattern, false).source)).toEqual({ factor, degree });
  });
});

describe('a bounded search', () => {
  const search = (pattern: string): ((text: string) => boolean) =>
    boundedSearch(compilePythonRegexp(pattern, false), pattern);

  /** Whether it is found, or why that cannot be told: in some seconds, or the test takes too long. */
  function answer(pattern: string, text: string): unknown {
    try {
      return search(pattern)(text);
    } catch (error) {
      return error instanceof UsageError ? error.message : error;
    }
  }

  test.each(['(a+)+b', '(a|a)*b', '(a|aa)+$', '(.*a){20}b', '(a?){40}a{40}', '^(([a-z])+.)+[A-Z]([a-z])+$'])(
    '%s has an answer or a sentence where it would take for ever',
    (pattern) => {
      const name = `/s/${'a'.repeat(38)}!`;
      expect([false, `The regular expression ${pattern} takes too long to match ${name}.`]).toContain(
        answer(pattern, name),
      );
    },
    15_000,
  );

  test('finds what it would without a bound', () => {
    const isFound = search('(a+)+b');
    expect(['aab', '/x/ab', 'aa', 'b'].map(isFound)).toEqual([true, true, false, false]);
  });

  test.each(['.*x.*y.*z', '\\d+-\\d+'])('%s has an answer for a very long path', (pattern) => {
    const name = 'x1'.repeat(2000);
    expect([true, false, `The regular expression ${pattern} takes too long to match ${name}.`]).toContain(
      answer(pattern, name),
    );
  });
});
