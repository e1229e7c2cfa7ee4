import { expect, test } from 'vitest';

import { parseSshOptions } from './ssh-options.ts';

test.each([
  ['-oIdentityFile=/a', { identityfile: ['/a'] }],
  ['-o IdentityFile=/a -i /b -i/c', { identityfile: ['/a', '/b', '/c'] }],
  [`-o "IdentityFile /a b" -oUserKnownHostsFile="/k 1"`, { identityfile: ['/a b'], userknownhostsfile: ['/k', '1'] }],
  [`-oUserKnownHostsFile='"/k 1" /k2'`, { userknownhostsfile: ['/k 1', '/k2'] }],
  [
    '-oGlobalKnownHostsFile=/g -oStrictHostKeyChecking=no',
    { globalknownhostsfile: ['/g'], stricthostkeychecking: ['no'] },
  ],
  ['-oPort=1 -p 2 -oUser=a -l b -J jump:3', { port: ['1'], user: ['a'], proxyjump: ['jump:3'] }],
  [`-o 'ProxyCommand=nc "%h" %p'`, { proxycommand: ['nc "%h" %p'] }],
])('%s', (text, expected) => {
  const { keywords, ignored } = parseSshOptions(text);
  expect([Object.fromEntries(keywords), ignored]).toEqual([expected, []]);
});

test('what means nothing here is told, what does no harm is not', () => {
  const { ignored, configFile } = parseSshOptions(
    '-F /c -C -oCompression=yes -oServerAliveInterval=9 -oLogLevel=QUIET',
  );
  expect([ignored, configFile]).toEqual([['-C', '-oCompression=yes'], '/c']);
});

test('ssh is asked about what means something', () => {
  const { words, keywords } = parseSshOptions(
    '-4 -C -c aes128-ctr -m hmac-sha1 -b ::1 -oMACs=+hmac-md5 -oLogLevel=QUIET -i /k',
  );
  expect(words).toEqual([
    '-4',
    '-c',
    'aes128-ctr',
    '-m',
    'hmac-sha1',
    '-b',
    '::1',
    '-o',
    'MACs=+hmac-md5',
    '-o',
    'IdentityFile="/k"',
  ]);
  expect(Object.fromEntries(keywords)).toEqual({
    addressfamily: ['inet'],
    ciphers: ['aes128-ctr'],
    macs: ['hmac-sha1'],
    bindaddress: ['::1'],
    identityfile: ['/k'],
  });
});
