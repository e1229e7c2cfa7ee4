import fc from 'fast-check';
import { expect, test } from 'vitest';
import { automaton } from './automaton.ts';
import { readClass } from './class.ts';
import { compileGlob } from './glob.ts';

/** The glob as an expression that tries all ways. */
function expression(glob: string, end: string, flags: string): RegExp {
  let source = '';
  for (let i = 0; i < glob.length;) {
    const set = glob[i] === '[' ? readClass(glob, i) : undefined;
    const character = String.fromCodePoint(glob.codePointAt(i) ?? 0);
    if (glob.startsWith('**', i)) source += '.*';
    else if (character === '*') source += '[^/]*';
    else if (character === '?') source += '[^/]';
    else source += set?.source ?? character.replace(/[\\^$.+()[\]{}|/]/, '\\$&');
    i = set?.next ?? i + (glob.startsWith('**', i) ? 2 : character.length);
  }
  return new RegExp(`^${source}${end}`, flags);
}

const glob = fc
  .array(
    fc.constantFrom('*', '**', '?', 'a', 'b', 'A', '/', '[ab]', '[!a]', '[', '\n', '\u{1f600}', '\udcff', 'ſ', 's'),
    {
      maxLength: 8,
    },
  )
  .map((parts) => parts.join(''));
const path = fc
  .array(fc.constantFrom('a', 'b', 'A', '/', '\n', '\u{1f600}', '\udcff', '[', 's', 'S'), { maxLength: 10 })
  .map((parts) => parts.join(''));

test('says of every path what a regular expression says', () => {
  fc.assert(
    fc.property(glob, path, fc.boolean(), (pattern, text, ignoreCase) => {
      const flags = ignoreCase ? 'sui' : 'su';
      const match = automaton(pattern, ignoreCase);
      expect(match(text, 'whole')).toBe(expression(pattern, '\\n?$', flags).test(text));
      expect(match(text, 'beginning')).toBe(expression(pattern, '(?:\\n?$|/)', flags).test(text));
    }),
    { numRuns: 3000 },
  );
});

test.each([
  '**a*a*a*a*a*a*a*a*b',
  '**a**a**a**a**a**a**a**b',
  '/**/*a*/**/*a*/**/*a*/**/*b*',
  '**[!b]*[!b]*[!b]*[!b]*[!b]*b/',
])('%s takes no time to tell that a long path does not match', (pattern) => {
  const tests = compileGlob(pattern, false);
  const long = `/${'a'.repeat(250)}`.repeat(16);
  const begin = performance.now();
  for (let i = 0; i < 20; i++) {
    expect(tests.asInclude(`${long}${i}`, false)).not.toBe('covers');
    expect(tests.asExclude(`${long}${i}`, true)).toBeUndefined();
  }
  expect(performance.now() - begin).toBeLessThan(5000);
});
