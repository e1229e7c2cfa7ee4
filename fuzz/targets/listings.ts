import { filesOf } from '../../src/backends/ftp/listing.ts';
import { decodedSize, parseHeading } from '../../src/backends/imap/message.ts';
import { toChecksum, toFeatures, toFile, toFiles } from '../../src/backends/rclone/engine.ts';
import { parseListing, showsFiles } from '../../src/backends/rsync/listing.ts';
import { membersOf, multistatusReader, nameOf } from '../../src/backends/webdav/multistatus.ts';
import { readBothWays } from '../pieces.ts';
import type { Target } from '../target.ts';

const UNIX = `total 3
drwxr-xr-x   2 u g      4096 Nov 14 22:13 dir
-rw-r--r--   1 u g   1048576 Nov 14  2023 duplicity-full.20231114T221320Z.vol1.difftar.gpg
lrwxrwxrwx   1 u g         4 Nov 14 22:13 a -> b c
`;
const DOS = '11-14-23  10:13PM       <DIR>          dir\r\n11-14-23  10:13PM             1048576 a b.gpg\r\n';
const MLSD =
  'type=cdir;modify=20231114221320; .\r\ntype=file;size=3;modify=20231114221320;perm=adfr; a b\r\ntype=OS.unix=slink:/x;size=1; l\r\n';
const DAV = `<?xml version="1.0"?><D:multistatus xmlns:D="DAV:"><D:response><D:href>/dir/</D:href><D:propstat><D:prop><D:resourcetype><D:collection/></D:resourcetype></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>
<D:response><D:href>http://h/dir/a%20b</D:href><D:propstat><D:prop><D:getcontentlength>3</D:getcontentlength><x:y xmlns:x="u"><![CDATA[z]]></x:y></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response></D:multistatus>`;
const RSYNC = `drwxr-xr-x          4,096 2023/11/14 22:13:20 .
-rw-r--r--      1,048,576 2023/11/14 22:13:20 a b\\#012
lrwxrwxrwx              4 2023/11/14 22:13:20 l -> x
`;

export const LISTINGS: readonly Target[] = [
  {
    name: 'ftp-list',
    words: [
      'total 0',
      'type=file;',
      'type=cdir;',
      'size=',
      'modify=',
      '<DIR>',
      'drwxr-xr-x',
      '-rw-r--r-- 1 u g 3 Nov 14 2023 ',
      ' -> ',
      '\r\n',
      '  ',
    ],
    seeds: () => [UNIX, DOS, MLSD],
    read: (input) => void filesOf(input.toString('utf8')),
  },
  {
    name: 'webdav-list',
    words: [
      '<D:response>',
      '</D:response>',
      '<D:href>',
      '</D:href>',
      '<D:collection/>',
      'xmlns:D="DAV:"',
      '&amp;',
      '&#x41;',
      '<!DOCTYPE x [<!ENTITY a "bb">]>',
      '<![CDATA[',
      ']]>',
      '&a;',
      '<!--',
      '-->',
      '<?',
      '%zz',
    ],
    seeds: () => [DAV],
    // What is no XML is told by an Error; the driver makes its own of it.
    fails: (error) => error instanceof Error && error.constructor === Error && !/reads otherwise/.test(error.message),
    async read(input) {
      await readBothWays(Buffer.from(input.toString('latin1').replace(/[^\0-\x7f]/g, '?')), async (parts) => {
        const reader = multistatusReader();
        try {
          for (const part of parts) reader.write(part.toString('latin1'));
          const found = reader.end();
          return [membersOf(found, '/dir/'), found.map(({ href }) => nameOf(href))];
        } catch (error) {
          // Where in the text the fault is depends on its pieces.
          if (error instanceof Error && error.constructor === Error) return 'no list';
          throw error;
        }
      });
    },
  },
  {
    name: 'rsync-list',
    words: ['-rw-r--r-- ', '1,048,576', ' 2023/11/14 22:13:20 ', '\\#012', ' -> ', 'lrwxrwxrwx'],
    seeds: () => [RSYNC],
    read(input) {
      const text = input.toString('utf8');
      showsFiles(text);
      parseListing(text);
    },
  },
  {
    name: 'rclone-json',
    words: ['"Name"', '"Size"', '"IsDir"', '"Hashes"', 'null', 'true', '__proto__', '-1', '[', '{', '"Features"'],
    seeds: () => [
      '[{"Path":"a","Name":"a","Size":3,"IsDir":false,"Hashes":{"sha1":"00","md5":"11"}},{"Name":"d","Size":-1,"IsDir":true}]',
      '{"Name":"r","Features":{"Move":true,"Copy":false}}',
    ],
    fails: (error) => error instanceof SyntaxError,
    read(input) {
      const value: unknown = JSON.parse(input.toString('utf8'));
      toFiles(value);
      toFile(value);
      toFeatures(value);
      toChecksum(value);
    },
  },
  {
    name: 'imap-message',
    words: ['From: ', 'Subject: ', '\r\n', ' ', '\t', '='],
    seeds: () => ['From: prefix\r\nSubject: duplicity-full.vol1\r\n\r\n', 'Subject: a\r\n b\r\nFROM:x\r\n'],
    read(input) {
      parseHeading(input);
      for (const length of [0, 1, 76, 78, 1000]) decodedSize(length, input.subarray(-16));
    },
  },
];
