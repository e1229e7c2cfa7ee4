import { expect, test } from 'vitest';

import { parseUrl } from '../url/url.ts';
import { folderOf } from './place.ts';

test.each([
  ['dpbx:///dir', '/dir'],
  ['dpbx:///dir/sub/', '/dir/sub'],
  ['dpbx://dir/sub', '/dir/sub'],
  ['dpbx:////dir//sub', '/dir/sub'],
  ['dpbx:///', ''],
  ['dpbx:///two%20words', '/two words'],
  ['dpbx:///a%2541', '/aA'],
  ['dpbx:///100%25', '/100%'],
  ['dpbx:///B%C3%BCcher', '/Bücher'],
])('%s is the folder %j', (url, folder) => {
  expect(folderOf(parseUrl(url))).toBe(folder);
});
