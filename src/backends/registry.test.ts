import { mkdirSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';

import { tempDir } from '../../test/support/temp.ts';
import { openBackend } from './registry.ts';
import { parseUrl } from './url.ts';

const options = { signal: new AbortController().signal };

test.each([
  ['foo://u:hush@x/y', 'foo://u:*****@x/y'],
  ['foo+bar:///a', 'foo+bar:///a'],
])('%s has no driver: error 23 that names the URL and the known schemes', async (url, shown) => {
  await expect(openBackend(parseUrl(url), options)).rejects.toMatchObject({
    code: 'USER_ERROR',
    exitCode: 23,
    exception: 'UnsupportedBackendScheme',
    message: `UnsupportedBackendScheme: scheme not supported in url: ${shown}`,
    hint: expect.stringContaining('file://'),
  });
});

test('a file URL opens the driver of files', async () => {
  await using backend = await openBackend(parseUrl(`file://${import.meta.dirname}`), options);
  const names: string[] = [];
  for await (const { name } of backend.list(options)) names.push(name);
  expect(names).toContain('registry.test.ts');
});

test.each([
  ['gio+smb://u:hush@h/share', 'gio+smb://u:*****@h/share'],
  ['gio+file://host/dir', 'gio+file://host/dir'],
  ['par2+gio+sftp://h/dir', 'par2+gio+sftp://h/dir'],
])('%s needs GIO: error 40 that says what works', async (url, shown) => {
  await expect(openBackend(parseUrl(url), options)).rejects.toMatchObject({
    code: 'GIO_NOT_AVAILABLE',
    exitCode: 40,
    message: expect.stringContaining(`${shown} needs GIO`),
  });
});

test('gio+file opens the driver of files, with the escapes that GIO writes', async () => {
  const dir = tempDir();
  mkdirSync(`${dir}/my #1 bäckup?`);
  writeFileSync(`${dir}/my #1 bäckup?/one`, '');
  await using backend = await openBackend(parseUrl(`gio+file://${dir}/my%20%231%20b%C3%A4ckup%3F`), options);
  const names: string[] = [];
  for await (const { name } of backend.list(options)) names.push(name);
  expect(names).toEqual(['one']);
});
