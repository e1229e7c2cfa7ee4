import { mkdirSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';

import { tempDir } from '../../test/support/temp.ts';
import { openBackend } from './registry.ts';
import { parseUrl } from './url/url.ts';

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

test.each([
  ['file:///mnt/a#b', '#', 'file:///mnt/a%23b', 'file:///mnt/a'],
  ['file:///mnt/a?b#c', '?', 'file:///mnt/a%3Fb%23c', 'file:///mnt/a'],
  ['file://rel#1/dir', '#', 'file://rel%231/dir', 'file://rel'],
  ['par2+file:///mnt/a#b', '#', 'par2+file:///mnt/a%23b', 'par2+file:///mnt/a'],
  ['sftp://u:hush@h/a?b', '?', 'sftp://u:*****@h/a%3Fb', 'sftp://u:*****@h/a'],
  ['ftp://u:hush@h//a#b?c', '#', 'ftp://u:*****@h//a%23b%3Fc', 'ftp://u:*****@h//a'],
  ['rsync://h::m/a#b', '#', 'rsync://h::m/a%23b', 'rsync://h::m/a'],
  ['webdavs://h/a#b', '#', 'webdavs://h/a%23b', 'webdavs://h/a'],
  ['s3://bucket/a#b', '#', 's3://bucket/a%23b', 's3://bucket/a'],
  ['rclone://remote:a#b', '#', 'rclone://remote:a%23b', 'rclone://remote:a'],
  ['multi:///a.json?mode=mirror#b', '#', 'multi:///a.json?mode=mirror%23b', 'multi:///a.json?mode=mirror'],
])('%s is cut off at its %s: error 23 that names %s and %s', async (url, mark, whole, before) => {
  const failure = await openBackend(parseUrl(url), options).catch((error: unknown) => error);
  expect(failure).toMatchObject({
    code: 'USER_ERROR',
    exitCode: 23,
    exception: 'InvalidBackendURL',
    message: expect.stringContaining(`The ${mark} in`),
    hint: expect.stringMatching(new RegExp(`: ${literal(whole)} .*: ${literal(before)}$`)),
  });
  expect(JSON.stringify(failure)).not.toContain('hush');
});

function literal(text: string): string {
  return text.replace(/[.*+?^$|()[\]\\]/g, '\\$&');
}

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
