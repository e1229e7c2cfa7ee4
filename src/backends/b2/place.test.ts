import { expect, test } from 'vitest';

import { parseUrl } from '../url/url.ts';
import { escapeName, placeOf } from './place.ts';

test.each([
  ['b2://id:key@bucket', 'bucket', ''],
  ['b2://id:key@bucket/', 'bucket', ''],
  ['b2://id@bucket/a//b/', 'bucket', 'a/b/'],
  ['b2://id:key@/bucket/a', 'bucket', 'a/'],
  // So does the reference.
  ['b2://id:key@bucket/a@b/c%40d', 'bucket', 'a/b/c/d/'],
  ['b2://id:k@y@bucket/a', 'bucket', 'a/'],
  ['b2://id:k%2Fy@bucket/two%20words', 'bucket', 'two words/'],
])('%s is bucket %s, prefix "%s"', (text, bucket, prefix) => {
  expect(placeOf(parseUrl(text))).toEqual({ keyId: 'id', bucket, prefix });
});

test.each([
  ['b2://bucket/folder', 'No id of an application key in: b2://bucket/folder'],
  ['b2://:hush@bucket', 'No id of an application key'],
  ['b2://id:hush/hush@bucket/a', 'Syntax error (port) in: b2://id:*****@bucket/a'],
  ['b2://id:hush@', 'No bucket in: b2://id:*****@'],
])('%s is refused without showing the key', (text, message) => {
  const attempt = (): unknown => placeOf(parseUrl(text));
  expect(attempt).toThrow(message);
  expect(attempt).not.toThrow('hush');
});

test('names are escaped as UTF-8, slashes stay', () => {
  expect(escapeName('a b/ä+%.gpg')).toBe('a%20b/%C3%A4%2B%25.gpg');
});
