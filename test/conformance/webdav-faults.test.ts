import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Backend, Body } from '../../src/backends/backend.ts';
import type { DriverSettings } from '../../src/backends/open-options.ts';
import { parseUrl } from '../../src/backends/url/url.ts';
import { open } from '../../src/backends/webdav/webdav.ts';
import { withRetry } from '../../src/backends/wrap/retry.ts';
import { startApacheDav, type DavServer } from '../servers/apache-dav.ts';
import { startFaultyProxy } from '../servers/http-faults.ts';
import { tempDir } from '../support/temp.ts';
import { requireTool } from '../support/tools.ts';
import { bodyOf, call, failureOf, names } from './driver-calls.ts';

describe.runIf(requireTool('apache2') && requireTool('openssl'))('the WebDAV driver', () => {
  let server: DavServer;
  let dir: string;
  beforeAll(async () => {
    dir = tempDir();
    server = await startApacheDav(dir);
  });
  afterAll(() => server.stop());

  function openAt(url: string, settings: Partial<DriverSettings> = {}, env = {}): Promise<Backend> {
    return open(parseUrl(url), {
      ...call,
      env,
      settings: { timeout: 30, sslCacertFile: server.authority, ...settings },
    });
  }
  /** Fails when there is anything to try again. */
  async function strict(url: string): Promise<Backend> {
    const emit = (event: unknown): never => expect.fail(JSON.stringify(event));
    return withRetry(await openAt(url), { tries: 5, delayMs: 30_000, emit });
  }

  test.each([
    ['webdav', 'webdav', 'basic/one/two', 'basic/one/two'],
    ['Digest with a port in the URL, where the reference is refused', 'webdav', 'digest/three', 'digest/three'],
    ['TLS and Digest', 'webdavs', 'digest/four%20x', 'digest/four x'],
    ['an open place', 'webdav', 'open//five/', 'open/five'],
    ['a redirect', 'webdav', 'moved/six', 'basic/six'],
    ['a redirect to TLS', 'webdav', 'secured/seven', 'basic/seven'],
  ] as const)('%s: makes its directory and stores there', async (_case, scheme, path, directory) => {
    await using backend = await openAt(server.url(scheme, path));
    await Promise.all(['a', 'b c%', 'd'].map((name) => backend.put(name, bodyOf(name.repeat(100_000)), call)));
    expect(await names(backend)).toEqual(['a', 'b c%', 'd']);
    expect(readdirSync(`${server.data}/${directory}`).sort()).toEqual(['a', 'b c%', 'd']);
  });

  test.each(['http', 'lftp+webdav', 'lftp+http'])('%s is webdav', async (scheme) => {
    await using backend = await openAt(server.url('webdav', `open/${scheme}`).replace('webdav', scheme));
    await backend.put('name', bodyOf('x'), call);
    expect(readdirSync(`${server.data}/open/${scheme}`)).toEqual(['name']);
  });

  test('a move whose answer is lost, and that is refused the second time, is known to be done', async () => {
    await using proxy = await startFaultyProxy(server.port);
    const url = server.url('webdav', 'open/lost').replace(`:${server.port}/`, `:${new URL(proxy.origin).port}/`);
    await using backend = withRetry(await openAt(url), { tries: 2, delayMs: 0, emit: () => undefined });
    // Then the connection is an old one, on which a request is sent again at once.
    await backend.put('first', bodyOf('x'), call);
    proxy.set({ method: 'MOVE', path: /name/, count: 1, loseReply: true });
    await backend.put('name', bodyOf('content'), call);
    expect(proxy.seen.filter((request) => request.startsWith('MOVE')).length).toBe(2);
    expect(readFileSync(`${server.data}/open/lost/name`, 'utf8')).toBe('content');
    expect(readdirSync(`${server.data}/open/lost`).sort()).toEqual(['first', 'name']);
  });

  test('a circle of redirects ends', async () => {
    await using backend = await strict(server.url('webdav', 'loop/x'));
    expect(await failureOf(names(backend))).toMatchObject({
      message: expect.stringContaining('more than 10 redirects') as string,
    });
  });

  test.each(['basic', 'digest'])('a wrong password for %s is 51, without a retry, and shown nowhere', async (place) => {
    await using backend = await strict(server.url('webdav', `${place}/x`).replace(/:[^:@]*@/, ':hush@'));
    const failure = await failureOf(names(backend));
    expect(failure).toMatchObject({
      code: 'BACKEND_PERMISSION_DENIED',
      exitCode: 51,
      hint: 'Check the user of the URL, and the password there or in FTP_PASSWORD.',
    });
    expect(String((failure as Error).message)).not.toContain('hush');
  });

  test('the password comes from FTP_PASSWORD; an open place needs none', async () => {
    const without = (path: string): string => server.url('webdav', path).replace(/:[^:@]*@/, '@');
    await using protectedPlace = await openAt(without('basic/env'), {}, { FTP_PASSWORD: server.password });
    expect(await names(protectedPlace)).toEqual([]);
    await using openPlace = await openAt(`webdav://127.0.0.1:${server.port}/open/x`);
    expect(await names(openPlace)).toEqual([]);
  });

  test('a certificate nobody vouches for ends the run at once', async () => {
    await using backend = await openAt(server.url('webdavs', 'basic/x'), { sslCacertFile: undefined });
    expect(await failureOf(names(backend))).toMatchObject({
      code: 'BACKEND_ERROR',
      retryable: false,
      message: expect.stringContaining('the certificate of 127.0.0.1 is not trusted') as string,
      hint: 'Name the certificate of its authority with --ssl-cacert-file; --ssl-no-check-certificate trusts any.',
    });
  });

  test('any certificate does with --ssl-no-check-certificate, which is without effect in 0.8.22', async () => {
    const settings = { sslCacertFile: undefined, sslNoCheckCertificate: true };
    await using backend = await openAt(server.url('webdavs', 'basic/unchecked'), settings);
    expect(await names(backend)).toEqual([]);
  });

  test('authorities are also looked for in ~/.duplicity/cacert.pem, as the reference does', async () => {
    mkdirSync(`${dir}/home/.duplicity`, { recursive: true });
    writeFileSync(`${dir}/home/.duplicity/cacert.pem`, readFileSync(server.authority));
    await using backend = await openAt(
      server.url('webdavs', 'basic/home'),
      { sslCacertFile: undefined },
      { HOME: `${dir}/home` },
    );
    expect(await names(backend)).toEqual([]);
  });

  test('a place that takes no writes is 51, without a retry', async () => {
    mkdirSync(`${server.data}/readonly/there`, { recursive: true });
    for (const path of ['readonly/there', 'readonly/missing']) {
      await using backend = await strict(server.url('webdav', path));
      expect(await failureOf(backend.put('name', bodyOf('x'.repeat(300_000)), call))).toMatchObject({ exitCode: 51 });
    }
  });

  test('a file above the limit of the server is 53 at once, and is not sent', async () => {
    await using backend = await strict(server.url('webdav', 'quota/q'));
    await backend.put('small', bodyOf('x'), call);
    let isOpened = false;
    const body: Body = {
      size: 50_000_000,
      async *open() {
        isOpened = true;
        yield Buffer.alloc(50_000_000);
      },
    };
    expect(await failureOf(backend.put('large', body, call))).toMatchObject({
      code: 'BACKEND_NO_SPACE',
      hint: expect.stringContaining('--volsize') as string,
    });
    expect(isOpened).toBe(false);
    expect(await names(backend)).toEqual(['small']);
  });

  test.each([
    ['moves nothing', 'stay'],
    ['has no hidden files', 'visible'],
  ])('a server that %s gets files under their names', async (_case, place) => {
    await using backend = await openAt(server.url('webdav', `${place}/d`));
    for (const content of ['first, which is longer', 'second']) await backend.put('name', bodyOf(content), call);
    expect(readdirSync(`${server.data}/${place}/d`)).toEqual(['name']);
    expect(readFileSync(`${server.data}/${place}/d/name`, 'utf8')).toBe('second');
  });

  test('unfinished uploads and sub-directories are not part of it', async () => {
    mkdirSync(`${server.data}/open/mixed/sub`, { recursive: true });
    for (const name of ['.name.part', 'file']) writeFileSync(`${server.data}/open/mixed/${name}`, 'x');
    await using backend = await openAt(server.url('webdav', 'open/mixed'));
    expect(await names(backend)).toEqual(['file']);
  });

  test('--webdav-headers go with every request', async () => {
    await using backend = await openAt(`webdav://127.0.0.1:${server.port}/basic/x`, {
      webdavHeaders: `Authorization,Basic ${Buffer.from(`${server.user}:${server.password}`).toString('base64')}`,
    });
    expect(await names(backend)).toEqual([]);
  });

  test('a place that speaks no WebDAV is said so', async () => {
    await using backend = await strict(server.url('webdav', 'plain'));
    expect(await failureOf(names(backend))).toMatchObject({
      code: 'BACKEND_ERROR',
      hint: expect.stringContaining('does not speak WebDAV') as string,
    });
  });
});
