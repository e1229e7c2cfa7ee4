import { inspect } from 'node:util';

import { expect, test } from 'vitest';

import { openBackend } from '../../src/backends/registry.ts';
import { parseUrl } from '../../src/backends/url/url.ts';

const options = { signal: new AbortController().signal };
const env = {
  FTP_PASSWORD: 'hush',
  DPBX_APP_KEY: 'app',
  DPBX_APP_SECRET: 'hush',
  DPBX_REFRESH_TOKEN: 'hush',
  // Nobody listens there.
  DROPBOX_API_HOST: '127.0.0.1:1',
};

async function failureOf(url: string): Promise<unknown> {
  try {
    await using backend = await openBackend(parseUrl(url), { ...options, env });
    // Most drivers connect when they are first used.
    for await (const file of backend.list(options)) void file;
    return undefined;
  } catch (error) {
    return error;
  }
}

// In 0.8.22 the message about a bad port shows the password.
test.each([
  'unknown://user:hush@host/path',
  'par2+ftp://user:hush@host/path',
  'http://user:hush@host:port/path',
  'ftp://user:hu/hush@host/path',
  'ftp://user:12/hush@host/path',
  'ftp://user:/hush@host/path',
  'sftp://user:12?hush@host/path',
  'webdavs://user:12#hush@host/path',
  'par2+imaps://user:12/hush@host/path',
  'ftp://user:a@hush@host:x/path',
  'ftp://user:x#hush@host:y/path',
  'ftp://user:hush@/path',
  'ftp://user:hush@[::1/path',
  'ftp://user:hush@ho\nst/path',
  'ftp:user:hush@host/path',
  'user:hush@host:/path',
  'b2://user:hush@/',
  'dpbx:///dir',
])('the password of %s is in no part of the failure', async (url) => {
  const failure = await failureOf(url);
  expect(failure).toBeInstanceOf(Error);
  expect(inspect(failure, { depth: 9, showHidden: true })).not.toContain('hush');
  expect(failure instanceof Error && failure.message).not.toContain('hush');
});
