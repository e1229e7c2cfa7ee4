import { expect, test } from 'vitest';

import { parseListing } from './listing.ts';

test('regular files are listed with their sizes, whatever their names are like', () => {
  const text = [
    'Welcome to the server, 2026/01/01',
    '',
    'drwxr-xr-x          4,096 2026/11/21 17:00:00 .',
    '-rw-r--r--      1,234,567 2026/11/21 17:00:00 duplicity-full.20260101T000000Z.vol1.difftar.gpg',
    '-rw-r--r--              0 2026/11/21 17:00:00 two words',
    '-rw-r--r--.            12 2026/11/21 17:00:00  leading blank',
    "-rw-r--r--          1'000 2026/11/21 17:00:00 line\\#012feed",
    'lrwxrwxrwx              4 2026/11/21 17:00:00 a link -> file -> x',
    'drwxr-xr-x          4,096 2026/11/21 17:00:00 directory',
  ].join('\n');
  const { files, links } = parseListing(text);
  expect(links).toEqual(['a link']);
  expect(files).toEqual([
    { name: 'duplicity-full.20260101T000000Z.vol1.difftar.gpg', size: 1_234_567 },
    { name: 'two words', size: 0 },
    { name: ' leading blank', size: 12 },
    { name: 'line\nfeed', size: 1000 },
  ]);
});
