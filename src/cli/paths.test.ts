import { expect, test } from 'vitest';

import { bytePath } from '../util/bytepath.ts';
import { canonicalPath } from './words/canonical-path.ts';
import { expandPath } from './words/expand.ts';
import { archiveDirOf, tempRoots } from './places.ts';

test.each([
  ['src', 'src'],
  ['./src/', 'src'],
  ['a//b/./c/', 'a/b/c'],
  ['.', '.'],
  ['./', '.'],
  ['/', '/'],
  ['//', '/'],
  ['//a/.', '/a'],
  ['../a/..', '../a/..'],
  ['.a/b.', '.a/b.'],
])('the canonical form of %s is %s', (path, canonical) => {
  expect(canonicalPath(bytePath(path))).toBe(canonical);
});

const around = {
  env: { X: 'value', EMPTY: '' },
  home: '/home/me',
  homeOf: (user: string) => (user === 'you' ? '/home/you' : undefined),
};

test.each([
  ['~', '/home/me'],
  ['~/a', '/home/me/a'],
  ['~you/a', '/home/you/a'],
  ['~nobody/a', '~nobody/a'],
  ['a/~', 'a/~'],
  ['$X/${X}y/$NONE/${NONE}', 'value/valuey/$NONE/${NONE}'],
  ['a$EMPTY', 'a'],
  ['$', '$'],
])('%s is expanded to %s', (word, path) => {
  expect(expandPath(word, around)).toBe(path);
});

test('the archive dir is the root and the MD5 of the URL as typed, unless named', () => {
  const given = { archiveDir: undefined, name: undefined };
  const url = 'file:///mnt/a';
  const md5 = 'c5d4254f4ef9a77e7e9b23062eebb3e1';
  expect(archiveDirOf(given, url, around)).toBe(`/home/me/.cache/duplicity/${md5}`);
  expect(archiveDirOf(given, url, { ...around, env: { XDG_CACHE_HOME: '/c' } })).toBe(`/c/duplicity/${md5}`);
  expect(archiveDirOf({ archiveDir: '/a', name: 'x/y' }, url, around)).toBe('/a/x/y');
});

test('temporary files go to the first usable of the usual places, or only where the user says', () => {
  expect(tempRoots('/t', { TMPDIR: '/x' })).toEqual(['/t']);
  expect(tempRoots(undefined, { TMPDIR: '/x', TEMP: '', TMP: '/y' }).slice(0, 3)).toEqual(['/x', '/y', '/tmp']);
});
