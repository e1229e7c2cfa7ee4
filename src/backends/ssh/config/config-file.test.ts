import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, expect, test } from 'vitest';

import { configFor } from './config-file.ts';

const home = mkdtempSync(join(tmpdir(), 'ssh-config-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));
mkdirSync(join(home, '.ssh', 'more'), { recursive: true });
writeFileSync(
  join(home, '.ssh', 'config'),
  `
Host store
  HostName store.example.net
  Include more/*.conf
  IdentityFile ~/.ssh/first
  IdentityFile "~/.ssh/with space"
  Port 2200
Host *
  User everyone
`,
);
writeFileSync(join(home, '.ssh', 'more', 'a.conf'), 'Host other\n  User other\nHost store\n  User included\n');
writeFileSync(join(home, '.ssh', 'more', 'b.txt'), 'User never\n');
writeFileSync(join(home, 'own'), 'Host store\n  User own\n');
writeFileSync(join(home, 'broken'), 'Host "store\n');

test('the first value counts, identity files add up, and an included file does not swallow what follows it', () => {
  const found = configFor('store', home);
  expect(found.get('hostname')).toEqual(['store.example.net']);
  expect(found.get('user')).toEqual(['included']);
  expect(found.get('port')).toEqual(['2200']);
  expect(found.get('identityfile')?.slice(0, 2)).toEqual(['~/.ssh/first', '~/.ssh/with space']);
});

test('other hosts get what is said of all', () => {
  expect(configFor('elsewhere', home).get('user')).toEqual(['everyone']);
});

test('-F replaces the files, and has to be readable', () => {
  expect(configFor('store', home, join(home, 'own'))).toEqual(
    new Map([
      ['host', ['store']],
      ['user', ['own']],
    ]),
  );
  expect(() => configFor('store', home, join(home, 'absent'))).toThrow('Cannot read the ssh configuration');
  expect(() => configFor('store', home, join(home, 'broken'))).toThrow(/broken: Unexpected line break/);
});

test('a home without configuration says nothing of its own', () => {
  expect(configFor('store', join(home, 'nowhere')).get('user')).toBeUndefined();
});
