import { expect, test } from 'vitest';

import { filesOf } from './listing.ts';

const UNIX = `total 8
drwxr-xr-x   2 me group         4096 Nov 30 10:00 .
drwxr-xr-x   9 me group         4096 Nov 30 10:00 ..
drwxr-xr-x   2 me group         4096 Nov 30 10:00 sub
-rw-r--r--   1 me group           12 Nov 30 10:00 a b.gpg
lrwxrwxrwx   1 me group            4 Jan  2  2024 link -> a b.gpg`;
const DOS = `11-30-26  10:00AM       <DIR>          sub
11-30-2026  10:00AM                   12 a b.gpg`;
const MLSD = `type=cdir;modify=20261130100000; .
type=pdir;modify=20261130100000; ..
type=dir;modify=20261130100000; sub
type=file;size=12;modify=20261130100000; a b.gpg`;

test.each([
  ['ls', UNIX, [{ name: 'a b.gpg', size: 12 }, { name: 'link' }], true],
  ['ls, without a group', '-rw-r--r-- 1 me 12 Nov 30 10:00 x', [{ name: 'x', size: 12 }], true],
  ['Windows', DOS, [{ name: 'a b.gpg', size: 12 }], true],
  ['MLSD', MLSD, [{ name: 'a b.gpg', size: 12 }], true],
  ['MLSD without sizes', 'type=file; x', [{ name: 'x' }], true],
  ['a line that is of no form', '-rw-r--r-- 1 a b 5 Feb 30 10:00 y\n-rw-r--r-- 1 a b 1,5 x', undefined, false],
  [
    'a line in between that is of no form',
    'what is this?\n-rw-r--r-- 1 a b 5 Nov 30 10:00 y',
    [{ name: 'y', size: 5 }],
    false,
  ],
  ['NetWare', '- [RWCEAFMS] me 12 Nov 30 10:00 x', undefined, false],
  ['VMS', 'X.GPG;1   12/15   30-NOV-2026 10:00:00  [ME]  (RWED,RWED,RE,)', undefined, false],
  ['nothing but the directory itself', 'drwxr-xr-x 2 a b 4096 Nov 30 10:00 .', [], true],
])('a listing as of %s', (_title, text, files, isWhole) => {
  expect(filesOf(text.replaceAll('\n', '\r\n'))).toEqual(files && { files, isWhole });
});
