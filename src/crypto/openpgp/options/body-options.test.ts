import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { GpgSettings } from '../../gpg/settings.ts';
import { tempDir } from '../../testing/temp-dir.ts';
import { bodyOptions } from './body-options.ts';

function settings(over: Partial<GpgSettings>): GpgSettings {
  const base = { binary: 'gpg', options: [], recipients: [], hiddenRecipients: [], useAgent: false, compression: true };
  return { ...base, ...over };
}

/** A GnuPG home with these files. */
function homeWith(files: Readonly<Record<string, string>>): string {
  const dir = tempDir();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  return dir;
}

test.each([
  ['gpg', true],
  ['gpg2', true],
  ['/opt/gnupg/bin/gpg1', true],
  ['/nonexistent/gpg', true],
  ['gpg-wrapper', false],
  ['/usr/local/bin/qubes-gpg-client', false],
  ['gpg2.sh', false],
])('a program called %s is known: %s', (binary, isKnown) => {
  const env = { GNUPGHOME: tempDir() };
  expect(bodyOptions(settings({ binary, env })) !== undefined).toBe(isKnown);
});

test('gpg.conf counts, and the words of the user before it', () => {
  const env = { GNUPGHOME: homeWith({ 'gpg.conf': 'compress-level 9\ncipher-algo AES\n', 'gpg.conf~': 'armor\n' }) };
  expect(bodyOptions(settings({ env }))).toEqual({ level: 9, cipher: 7 });
  expect(bodyOptions(settings({ env, options: ['-z', '1'] }))).toEqual({ level: 1, cipher: 7 });
});

test('gpg.conf is found by --homedir, GNUPGHOME and HOME, in this order', () => {
  const named = homeWith({ 'gpg.conf': 'compress-level 1' });
  const variable = homeWith({ 'gpg.conf': 'compress-level 2' });
  const home = tempDir();
  mkdirSync(join(home, '.gnupg'));
  writeFileSync(join(home, '.gnupg/gpg.conf'), 'compress-level 3');
  const env = { HOME: home, GNUPGHOME: variable };
  expect(bodyOptions(settings({ env, options: ['--homedir', named] }))).toMatchObject({ level: 1 });
  expect(bodyOptions(settings({ env }))).toEqual({ level: 2 });
  expect(bodyOptions(settings({ env: { HOME: home } }))).toEqual({ level: 3 });
  expect(bodyOptions(settings({ env: { HOME: home, GNUPGHOME: '' } }))).toEqual({ level: 3 });
  expect(bodyOptions(settings({ env: { HOME: join(home, 'none') } }))).toEqual({});
});

test('a file for some versions counts too; two that differ in what they say are left to gpg', () => {
  const one = { GNUPGHOME: homeWith({ 'gpg.conf-2.2': 'compress-level 2' }) };
  expect(bodyOptions(settings({ env: one }))).toEqual({ level: 2 });
  const odd = { GNUPGHOME: homeWith({ 'gpg.conf-2': 'armor' }) };
  expect(bodyOptions(settings({ env: odd }))).toBeUndefined();
  const harmless = { GNUPGHOME: homeWith({ 'gpg.conf': 'no-greeting', 'gpg.conf-2': 'quiet' }) };
  expect(bodyOptions(settings({ env: harmless }))).toEqual({});
  const differing = { GNUPGHOME: homeWith({ 'gpg.conf': 'no-greeting', 'gpg.conf-2': 'compress-level 2' }) };
  expect(bodyOptions(settings({ env: differing }))).toBeUndefined();
});

test.skipIf(process.getuid?.() === 0)('what cannot be read is left to gpg', () => {
  const dir = homeWith({ 'gpg.conf': '' });
  chmodSync(join(dir, 'gpg.conf'), 0);
  expect(bodyOptions(settings({ env: { GNUPGHOME: dir } }))).toBeUndefined();
});

test('a gpg.conf that is a directory is left to gpg', () => {
  const dir = tempDir();
  mkdirSync(join(dir, 'gpg.conf'));
  expect(bodyOptions(settings({ env: { GNUPGHOME: dir } }))).toBeUndefined();
});
