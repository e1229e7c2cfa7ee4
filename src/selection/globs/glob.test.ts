import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileGlob, type Match } from './glob.ts';

describe('a glob', () => {
  test.each<[string, Readonly<Record<string, Match>>]>([
    ['/s/a', { '/s/a': 'covers', '/s/a/b': 'covers', '/s/ab': undefined, '/s': 'leads', '/': 'leads' }],
    // A `$` of Python matches before a final newline; it is no end of a component, though.
    ['/s/a', { '/s/a\n': 'covers', '/s/a\n/b': undefined }],
    ['/s/*', { '/s': 'leads', '/s/a': 'covers', '/s/a/b': 'covers', '/t': undefined }],
    ['/s/*.c', { '/s/a.c': 'covers', '/s/a.h': undefined, '/s/d/a.c': undefined, '/s/.c': 'covers' }],
    ['/s/**/c', { '/s/c': 'leads', '/s/a/c': 'covers', '/s/a/b/c': 'covers', '/s/a': 'leads' }],
    ['**.c', { '/s/a.c': 'covers', '/s/a.h': 'leads', '/s/a.c/x': 'covers' }],
    ['/s/?', { '/s/a': 'covers', '/s/ab': undefined, '/s/\u65e5': 'covers', '/s/\u{1f600}': 'covers' }],
    ['/s/?', { '/s/\udcff': 'covers', '/s//': undefined }],
    ['/s/[ab]', { '/s/a': 'covers', '/s/c': undefined, '/s/[ab]': undefined }],
    ['/s/[!ab]', { '/s/a': undefined, '/s/c': 'covers', '/s/!': 'covers' }],
    ['/s/[^]a]', { '/s/]': undefined, '/s/a': undefined, '/s/^': 'covers', '/s/c': 'covers' }],
    ['/s/[a-c-]', { '/s/b': 'covers', '/s/-': 'covers', '/s/d': undefined }],
    ['/s/[\\]', { '/s/\\': 'covers', '/s/]': undefined }],
    ['/s/a[/]b', { '/s/a/b': 'covers', '/s/a[': 'leads', '/s/ab': undefined }],
    ['/s/[a', { '/s/[a': 'covers', '/s/a': undefined }],
    ['/s/a+(b)|$', { '/s/a+(b)|$': 'covers', '/s/aab': undefined }],
    ['*', { '/s': 'covers', s: 'covers', 's/x': 'covers' }],
    ['/', { '/': 'covers', '/s': 'covers', s: undefined }],
    ['**', { '/s': 'covers', s: 'covers', '': 'covers' }],
  ])('%s answers for %j', (glob, expected) => {
    const { asInclude } = compileGlob(glob, false);
    const answered = Object.keys(expected).map((path) => [path, asInclude(path, true)]);
    expect(Object.fromEntries(answered)).toEqual(expected);
  });

  test('with a trailing slash covers real directories and what is below, and says nothing about a file', () => {
    const { asInclude } = compileGlob('/s/a*/', false);
    expect(asInclude('/s/a', true)).toBe('covers');
    expect(asInclude('/s/a', false)).toBeUndefined();
    expect(asInclude('/s/a/b', false)).toBe('covers');
    expect(asInclude('/s', true)).toBe('leads');
    expect(compileGlob('**/', false).asInclude('/s', false)).toBeUndefined();
  });

  test('without regard to case matches letters of any script', () => {
    const { asExclude } = compileGlob('/s/\u00c9[A-Z]', true);
    expect(asExclude('/S/\u00e9x', false)).toBe('covers');
    expect(asExclude('/s/e', false)).toBeUndefined();
  });

  test('as an exclude never leads', () => {
    const { asExclude } = compileGlob('/s/a/b', false);
    expect(asExclude('/s/a', true)).toBeUndefined();
    expect(asExclude('/s/a/b', true)).toBe('covers');
  });

  test.each(['/s//a', '//s', '/s/a//b/'])('%s has an empty component', (glob) => {
    expect(() => compileGlob(glob, false)).toThrow(expect.objectContaining({ code: 'GLOBBING_ERROR' }));
  });

  test.each(['/s/a//', '/s/**//a', '//'])('%s is odd but accepted, and covers nothing', (glob) => {
    expect(compileGlob(glob, false).asExclude('/s/a', true)).toBeUndefined();
  });

  test('with an impossible range is a usage error', () => {
    expect(() => compileGlob('/s/[z-a]', false)).toThrow(expect.objectContaining({ code: 'COMMAND_LINE' }));
  });

  test('answers like a slow matcher that tries every way', () => {
    const word = fc.array(fc.constantFrom('a', 'b', '/', '\n'), { maxLength: 8 }).map((parts) => parts.join(''));
    const glob = fc.array(fc.constantFrom('a', 'b', '/', '*', '**', '?'), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(glob, word, (parts, path) => {
        const text = parts.join('');
        fc.pre(!text.includes('//') && !text.endsWith('/'));
        const expected = endsOf(tokens(text), path).some(
          (end) => end === path.length || path[end] === '/' || path.slice(end) === '\n',
        );
        expect(compileGlob(text, false).asExclude(path, true) === 'covers').toBe(expected);
      }),
    );
  });
});

function tokens(glob: string): readonly string[] {
  return glob.match(/\*\*|[^]/g) ?? [];
}

/** Every position in `path` up to which the tokens can match from its start. */
function endsOf([token, ...rest]: readonly string[], path: string, at = 0): number[] {
  if (token === undefined) return [at];
  if (token === '*' || token === '**') {
    const ends = endsOf(rest, path, at);
    const eats = at < path.length && (token === '**' || path[at] !== '/');
    return eats ? [...ends, ...endsOf([token, ...rest], path, at + 1)] : ends;
  }
  const matches = at < path.length && (token === '?' ? path[at] !== '/' : path[at] === token);
  return matches ? endsOf(rest, path, at + 1) : [];
}
