import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Backend } from '../../src/backends/backend.ts';
import { open } from '../../src/backends/ftp/ftp.ts';
import type { OpenOptions } from '../../src/backends/open-options.ts';
import { parseUrl } from '../../src/backends/url/url.ts';
import { withRetry } from '../../src/backends/wrap/retry.ts';
import { Secret } from '../../src/util/secret.ts';
import { startProftpd, type FtpServer } from '../servers/proftpd.ts';
import { tempDir } from '../support/temp.ts';
import { requireMount, tmpfs } from '../support/tmpfs.ts';
import { requireTool } from '../support/tools.ts';
import { bodyOf, call, failureOf, names, text } from './driver-calls.ts';

describe.runIf(requireTool('proftpd') && requireTool('openssl'))('the FTP driver', () => {
  let server: FtpServer;
  beforeAll(async () => {
    server = await startProftpd(tempDir());
  });
  afterAll(() => server.stop());

  function openAt(url: string, options: Partial<OpenOptions> = {}): Promise<Backend> {
    const settings = { timeout: 30, sslCacertFile: server.authority, ...options.settings };
    return open(parseUrl(url), { ...call, ...options, settings });
  }

  test.each([
    ['ftp://H/one/two', () => `${server.home}/one/two`],
    ['ftp://H//A/three', () => `${server.home}/absolute/three`],
    ['lftp+ftps://H/four', () => `${server.home}/four`],
    ['ncftp+ftp://H/five', () => `${server.home}/five`],
    ['lftp+ftpes://H/six%20x/', () => `${server.home}/six x`],
  ])('%s makes its directory and stores there', async (form, directory) => {
    const scheme = /ftpe?s?(?=:)/.exec(form)?.[0] as 'ftp' | 'ftps' | 'ftpes';
    const start = server.url(scheme, '').replace(/\/$/, '');
    const url = form.replace(/^[^/]*\/\/H/, start).replace('/A/', `${server.home}/absolute/`);
    await using backend = await openAt(form.startsWith(scheme) ? url : `${form.split(':')[0]?.split('+')[0]}+${url}`);
    await backend.put('name', bodyOf('x'), call);
    expect(readdirSync(directory())).toEqual(['name']);
  });

  test('ftp://host and ftp://host/ are the root of the server', async () => {
    writeFileSync(`${server.home}/marker`, '');
    for (const path of ['', '/']) {
      await using backend = await openAt(server.url('ftp', '').replace(/\/$/, path));
      expect(await names(backend)).not.toContain('marker');
    }
  });

  test('a delete removes the file, which ncftp+ftp of the reference does not', async () => {
    await using backend = await openAt(`ncftp+${server.url('ftp', 'delete')}`);
    await backend.put('name', bodyOf('x'), call);
    await backend.delete('name', call);
    expect(readdirSync(`${server.home}/delete`)).toEqual([]);
  });

  test('a wrong password is 51, without a retry, and shown nowhere', async () => {
    const url = server.url('ftp', 'x').replace(/:[^:@]*@/, ':hush@');
    await using backend = withRetry(await openAt(url), {
      tries: 5,
      delayMs: 30_000,
      emit: (event) => expect.fail(JSON.stringify(event)),
    });
    const failure = await failureOf(names(backend));
    expect(failure).toMatchObject({
      code: 'BACKEND_PERMISSION_DENIED',
      message: expect.stringMatching(/Cannot list ftp:\/\/127.0.0.1\/x: 530 Login incorrect/) as string,
      hint: 'Check the user of the URL, and the password there or in FTP_PASSWORD.',
    });
    expect(String((failure as Error).message)).not.toContain('hush');
  });

  test('the password comes from FTP_PASSWORD, else it is asked for once', async () => {
    const url = server.url('ftp', 'x').replace(/:[^:@]*@/, '@');
    await using fromEnv = await openAt(url, { env: { FTP_PASSWORD: server.password } });
    expect(await names(fromEnv)).toEqual([]);
    const asked: string[] = [];
    const askPassword = async (prompt: string): Promise<Secret> => {
      asked.push(prompt);
      return new Secret(server.password);
    };
    await using backend = await openAt(url, { env: {}, askPassword });
    await Promise.all(['a', 'b'].map((name) => backend.put(name, bodyOf(name), call)));
    expect(asked).toEqual(["Password for 'backup@127.0.0.1': "]);
  });

  test('a URL without a user logs in by ~/.netrc, as lftp does', async () => {
    const home = tempDir();
    const entry = `machine 127.0.0.1 login ${server.user} password "${server.password}"\n`;
    writeFileSync(`${home}/.netrc`, `machine other.net login x password y\n${entry}`);
    const url = server.url('ftp', 'netrc').replace(/\/\/.*@/, '//');
    await using backend = await openAt(url, { env: { HOME: home } });
    await backend.put('name', bodyOf('x'), call);
    expect(readdirSync(`${server.home}/netrc`)).toEqual(['name']);
  });

  test.each(['ftps', 'ftpes'] as const)('a certificate nobody vouches for ends %s at once', async (scheme) => {
    await using backend = await openAt(server.url(scheme, 'x'), { settings: { sslCacertFile: undefined } });
    expect(await failureOf(names(backend))).toMatchObject({
      code: 'BACKEND_ERROR',
      retryable: false,
      message: expect.stringContaining('the certificate of 127.0.0.1 is not trusted') as string,
      hint: 'Name the certificate of its authority with --ssl-cacert-file; --ssl-no-check-certificate trusts any.',
    });
  });

  test.each(['ftps', 'ftpes'] as const)(
    '%s trusts any certificate, or those of a directory, where told to',
    async (scheme) => {
      mkdirSync(`${server.home}/authorities`, { recursive: true });
      writeFileSync(`${server.home}/authorities/ours.pem`, readFileSync(server.authority));
      writeFileSync(`${server.home}/authorities/README`, 'no certificate');
      for (const settings of [{ sslNoCheckCertificate: true }, { sslCacertPath: `${server.home}/authorities` }]) {
        await using backend = await openAt(server.url(scheme, 'empty'), {
          settings: { sslCacertFile: undefined, ...settings },
        });
        expect(await names(backend)).toEqual([]);
      }
    },
  );

  test('a file of authorities that cannot be used is named', async () => {
    const settings = { sslCacertFile: '/nowhere/ca.pem' };
    expect(() => openAt(server.url('ftps', 'x'), { settings })).toThrow(
      '--ssl-cacert-file: /nowhere/ca.pem cannot be read.',
    );
  });

  test('ftpes refuses a server without TLS, and ftp one that wants it', async () => {
    await using strict = await openAt(server.url('ftp', 'x', server.ports.strict));
    expect(await failureOf(names(strict))).toMatchObject({
      retryable: false,
      hint: expect.stringContaining('ftpes://') as string,
    });
    await using bare = await openAt(server.url('ftpes', 'x', server.ports.old));
    expect(await failureOf(names(bare))).toMatchObject({
      code: 'BACKEND_ERROR',
      retryable: false,
      hint: expect.stringContaining('no TLS') as string,
    });
  });

  test('a directory that takes no writes is 51, without a retry', async () => {
    await using backend = withRetry(await openAt(server.url('ftp', 'readonly')), {
      tries: 5,
      delayMs: 30_000,
      emit: (event) => expect.fail(JSON.stringify(event)),
    });
    expect(await failureOf(backend.put('name', bodyOf('x'.repeat(300_000)), call))).toMatchObject({
      code: 'BACKEND_PERMISSION_DENIED',
      exitCode: 51,
    });
    await using below = await openAt(server.url('ftp', 'readonly/below'));
    expect(await failureOf(names(below))).toMatchObject({ code: 'BACKEND_PERMISSION_DENIED' });
  });

  test('the active mode is not there: a warning, and it goes on passively', async () => {
    const said: unknown[] = [];
    const emit = (event: unknown): unknown => said.push(event);
    await using backend = await openAt(server.url('ftp', 'empty'), { emit, settings: { ftpPassive: false } });
    expect(await names(backend)).toEqual([]);
    expect(said).toMatchObject([{ kind: 'warning', text: expect.stringContaining('--ftp-regular') as string }]);
  });

  test('unfinished uploads are hidden and replaced, also where nothing may be overwritten', async () => {
    for (const port of [server.ports.plain, server.ports.old]) {
      mkdirSync(`${server.home}/part`, { recursive: true });
      writeFileSync(`${server.home}/part/.name.part`, 'left by a killed run, and longer than what comes');
      await using backend = await openAt(server.url('ftp', 'part', port));
      expect(await names(backend)).not.toContain('.name.part');
      await backend.put('name', bodyOf('x'), call);
      await backend.put('name', bodyOf('y'), call);
      expect(readdirSync(`${server.home}/part`)).toEqual(['name']);
      expect(await text(backend, 'name')).toBe('y');
    }
  });

  test('sub-directories are not part of it', async () => {
    mkdirSync(`${server.home}/mixed/sub`, { recursive: true });
    writeFileSync(`${server.home}/mixed/file`, '12345');
    for (const port of [server.ports.plain, server.ports.old]) {
      await using backend = await openAt(server.url('ftp', 'mixed', port));
      expect(await names(backend)).toEqual(['file']);
    }
  });

  test('a server that takes fewer sessions than we would like is used with those', async () => {
    await using backend = await openAt(server.url('ftp', 'few', server.ports.old));
    const several = Array.from({ length: 8 }, (_, i) => `n${i}`);
    await Promise.all(several.map((name) => backend.put(name, bodyOf('x'.repeat(100_000)), call)));
    expect(await names(backend)).toEqual(several);
  });

  test('a connection that is lost, even in the middle of an upload, is made anew by the next try', async () => {
    const proxy = await cutting(server.ports.plain);
    const said: unknown[] = [];
    await using backend = withRetry(await openAt(server.url('ftp', 'lost', proxy.port)), {
      tries: 2,
      delayMs: 0,
      emit: (event) => said.push(event),
    });
    await backend.put('first', bodyOf('x'), call);
    let isCut = false;
    const data = Buffer.alloc(400_000, 'y');
    async function* blocks(): AsyncGenerator<Buffer> {
      yield data.subarray(0, 200_000);
      if (!isCut) proxy.cut();
      isCut = true;
      yield data.subarray(200_000);
    }
    await backend.put('second', { size: data.length, open: blocks }, call);
    proxy.close();
    expect(readdirSync(`${server.home}/lost`).sort()).toEqual(['first', 'second']);
    expect(readFileSync(`${server.home}/lost/second`).equals(data)).toBe(true);
    expect(said).toMatchObject([{ kind: 'warning' }]);
  });

  test('a first connection that is refused is worth a retry', async () => {
    const gone = createServer().listen(0, '127.0.0.1');
    await once(gone, 'listening');
    const address = gone.address();
    gone.close();
    await once(gone, 'close');
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    await using backend = await openAt(server.url('ftp', 'x', port));
    expect(await failureOf(names(backend))).toMatchObject({ code: 'BACKEND_ERROR', retryable: true });
  });

  test('a server that says nothing is given up after --timeout', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const address = silent.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    await using backend = await openAt(server.url('ftp', 'x', port), { settings: { timeout: 0.2 } });
    expect(await failureOf(names(backend))).toMatchObject({
      retryable: true,
      message: expect.stringContaining('Timeout') as string,
    });
    silent.close();
  });
});

describe.runIf(requireTool('proftpd') && requireTool('openssl') && requireMount())('a full disk behind FTP', () => {
  test('is 53 at once, and leaves nothing behind', async () => {
    const full = tmpfs(1_000_000) ?? '';
    const server = await startProftpd(tempDir());
    try {
      const opened = await open(parseUrl(server.url('ftp', full)), { ...call, settings: { timeout: 30 } });
      await using backend = withRetry(opened, {
        tries: 5,
        delayMs: 30_000,
        emit: (event) => expect.fail(JSON.stringify(event)),
      });
      await backend.put('small', bodyOf('whole'), call);
      expect(await failureOf(backend.put('large', bodyOf(Buffer.alloc(4_000_000)), call))).toMatchObject({
        code: 'BACKEND_NO_SPACE',
        exitCode: 53,
      });
      expect(readdirSync(full)).toEqual(['small']);
      await backend.put('other', bodyOf('fits'), call);
      expect(readdirSync(full)).toEqual(['other', 'small']);
    } finally {
      await server.stop();
    }
  });
});

/** Stands between; `cut` ends all connections there are with a reset. */
async function cutting(target: number): Promise<{ readonly port: number; cut(): void; close(): void }> {
  const open = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    for (const socket of [near, far]) {
      open.add(socket);
      socket.on('error', () => undefined).on('close', () => open.delete(socket));
    }
    near.pipe(far).pipe(near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    cut: () => open.forEach((socket) => socket.resetAndDestroy()),
    close: () => server.close(),
  };
}
