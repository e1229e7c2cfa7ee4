import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Backend } from '../../src/backends/backend.ts';
import { open } from '../../src/backends/imap/imap.ts';
import type { OpenOptions } from '../../src/backends/open-options.ts';
import { parseUrl } from '../../src/backends/url/url.ts';
import { requireTool } from '../support/tools.ts';
import { startDovecot, type ImapServer } from '../servers/dovecot.ts';
import { tempDir } from '../support/temp.ts';
import { conformance } from './conformance.ts';
import { bodyOf, call, names, text } from './driver-calls.ts';

describe.runIf(requireTool('dovecot') && requireTool('openssl'))('with Dovecot', () => {
  let server: ImapServer;
  beforeAll(async () => {
    server = await startDovecot(tempDir());
  });
  afterAll(() => server.stop());

  function options(more: Partial<OpenOptions> = {}): OpenOptions {
    return {
      ...call,
      env: { IMAP_PASSWORD: server.password },
      settings: { sslCacertFile: server.authority, timeout: 60 },
      ...more,
    };
  }
  const at = (scheme: 'imap' | 'imaps', path: string, more: Partial<OpenOptions> = {}): Promise<Backend> =>
    open(parseUrl(server.url(scheme, path)), options(more));

  conformance('imap', () => at('imap', 'conformance'), { names: 300 });

  test('imaps: TLS from the start, and the same messages', async () => {
    await using plain = await at('imap', 'tls');
    await using secure = await at('imaps', 'tls');
    await plain.put('name', bodyOf('content'), call);
    expect(await text(secure, 'name')).toBe('content');
  });

  test.each(['imap', 'imaps'] as const)('%s: a certificate that nobody has signed is refused', async (scheme) => {
    await using strict = await at(scheme, 'x', { settings: { timeout: 60 } });
    const failure = await strict.put('n', bodyOf('x'), call).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'BACKEND_ERROR', retryable: false });
    expect(String(failure)).toContain('certificate');
    await using trusting = await at(scheme, 'x', { settings: { timeout: 60, sslNoCheckCertificate: true } });
    await trusting.put('n', bodyOf('x'), call);
  });

  test('a wrong password is 51, without a retry and without the password', async () => {
    await using backend = await at('imap', 'x', { env: { IMAP_PASSWORD: 'not this' } });
    const failure = await backend.stat?.('n', call).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'BACKEND_PERMISSION_DENIED', retryable: false });
    expect(String(failure)).not.toContain('not this');
  });

  test('the password of the URL comes before IMAP_PASSWORD, which comes before asking', async () => {
    const secret = encodeURIComponent(server.password);
    const url = server.url('imap', 'x').replace('@', `:${secret}@`);
    await using first = await open(parseUrl(url), options({ env: { IMAP_PASSWORD: 'wrong' } }));
    await first.put('n', bodyOf('x'), call);
    await using asked = await at('imap', 'x', {
      env: {},
      askPassword: async (prompt, variable) => {
        expect([prompt, variable]).toEqual([`Enter the password of dup on 127.0.0.1: `, 'IMAP_PASSWORD']);
        const { Secret } = await import('../../src/util/secret.ts');
        return new Secret(server.password);
      },
    });
    expect(await text(asked, 'n')).toBe('x');
  });

  test('IMAP_SERVER replaces the host, and --imap-full-address logs in as user@host', async () => {
    const url = server.url('imap', 'full');
    const env = { IMAP_PASSWORD: server.password, IMAP_SERVER: '127.0.0.1' };
    await using other = await open(parseUrl(url.replace('127.0.0.1', 'nowhere.invalid')), options({ env }));
    await other.put('n', bodyOf('x'), call);
    const settings = { sslCacertFile: server.authority, imapFullAddress: true };
    await using full = await at('imap', 'full', { settings });
    // That account has a mailbox of its own.
    expect(await names(full)).toEqual([]);
  });

  test('a mailbox that is not there is 52 and names the option', async () => {
    await using backend = await at('imap', 'x', { settings: { sslCacertFile: server.authority, imapMailbox: 'Nope' } });
    const failure = await backend.stat?.('n', call).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'BACKEND_NOT_FOUND', hint: expect.stringContaining('--imap-mailbox') });
  });

  test('two prefixes in one mailbox do not see each other, even where one is part of the other', async () => {
    await using one = await at('imap', 'host');
    await using two = await at('imap', 'host2');
    await one.put('name', bodyOf('of one'), call);
    await two.put('name', bodyOf('of two'), call);
    expect([await text(one, 'name'), await text(two, 'name')]).toEqual(['of one', 'of two']);
    await one.delete('name', call);
    expect([await names(one), await names(two)]).toEqual([[], ['name']]);
  });

  describe('defects of the reference that are not shared', () => {
    /** What a run of the reference leaves after a retry: two messages of one name. */
    async function appendTwice(prefix: string): Promise<void> {
      const { ImapFlow } = await import('imapflow');
      const auth = { user: server.user, pass: server.password };
      const client = new ImapFlow({
        host: '127.0.0.1',
        port: server.tlsPort,
        secure: true,
        auth,
        logger: false,
        tls: { rejectUnauthorized: false },
      });
      await client.connect();
      for (const content of ['older', 'newer'])
        await client.append('INBOX', referenceMessage(prefix, 'twice', content));
      await client.logout();
    }

    test('the newest of several copies counts', async () => {
      await appendTwice('copies');
      await using backend = await at('imap', 'copies');
      expect(await names(backend)).toEqual(['twice']);
      expect(await text(backend, 'twice')).toBe('newer');
      expect(await backend.stat?.('twice', call)).toEqual({ name: 'twice', size: 5 });
    });

    test('delete removes every copy', async () => {
      await appendTwice('delete');
      await using backend = await at('imap', 'delete');
      await backend.delete('twice', call);
      await using later = await at('imap', 'delete');
      expect(await names(later)).toEqual([]);
    });

    test('a put leaves one copy', async () => {
      await appendTwice('put');
      await using backend = await at('imap', 'put');
      await backend.put('twice', bodyOf('newest'), call);
      await using later = await at('imap', 'put');
      expect(await text(later, 'twice')).toBe('newest');
      await later.delete('twice', call);
      await using last = await at('imap', 'put');
      expect(await names(last)).toEqual([]);
    });
  });

  test('a lost connection is made anew', async () => {
    await using backend = await at('imap', 'again');
    await backend.put('n', bodyOf('x'), call);
    const controller = new AbortController();
    const stopped = backend.get('n', async () => controller.abort(new Error('stopped')), { signal: controller.signal });
    await stopped.catch(() => undefined);
    expect(await text(backend, 'n')).toBe('x');
  });
});

/** As Python's email package writes it for 0.8.22. */
function referenceMessage(prefix: string, name: string, content: string): string {
  const boundary = '===============1234567890123456789==';
  return [
    `Content-Type: multipart/mixed; boundary="${boundary}"`,
    'MIME-Version: 1.0',
    `From: ${prefix}`,
    `Subject: ${name}`,
    '',
    `--${boundary}`,
    'Content-Type: application/binary',
    'MIME-Version: 1.0',
    'Content-Transfer-Encoding: base64',
    '',
    Buffer.from(content).toString('base64'),
    '',
    `--${boundary}--`,
    '',
  ].join('\r\n');
}
