import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Backend } from '../../src/backends/backend.ts';
import { open } from '../../src/backends/imap/imap.ts';
import { parseUrl } from '../../src/backends/url/url.ts';
import { conformance } from '../conformance/conformance.ts';
import { bodyOf, call, failureOf, names, text } from '../conformance/driver-calls.ts';
import { startDovecot, type ImapServer } from '../servers/dovecot.ts';
import { startImapAnimal, type ImapKind } from '../servers/zoo/imap.ts';
import { tempDir } from '../support/temp.ts';
import { requireTool } from '../support/tools.ts';
import { life } from './life.ts';

/** IMAP4rev1 of 1996 and nothing that came later. */
const old: ImapKind = {
  down: (line) =>
    line.replace(/CAPABILITY IMAP4rev1[^\]\r]*/, 'CAPABILITY IMAP4rev1').replace(/ \[(APPENDUID|COPYUID)[^\]]*\]/, ''),
};
/** Without TLS, which would hide the lines. */
const plain = (line: string): string => line.replace(' STARTTLS', '');
const keepsAll: ImapKind = {
  down: plain,
  answer: (command) => (command.startsWith('UID STORE') ? 'NO [NOPERM] Permission denied' : undefined),
};

describe.runIf(requireTool('dovecot') && requireTool('openssl'))('before Dovecot', () => {
  let server: ImapServer;
  beforeAll(async () => {
    server = await startDovecot(tempDir());
  });
  afterAll(() => server.stop());

  const env = () => ({ IMAP_PASSWORD: server.password });
  const url = (port: number, prefix: string): string => `imap://${server.user}@127.0.0.1:${port}/${prefix}`;

  /** With what stands before it, which ends with it. */
  async function opened(kind: ImapKind, prefix: string): Promise<Backend> {
    const animal = await startImapAnimal(server.port, kind);
    const backend = await open(parseUrl(url(animal.port, prefix)), { ...call, env: env(), settings: { timeout: 60 } });
    const close = backend[Symbol.asyncDispose].bind(backend);
    return Object.assign(backend, {
      async [Symbol.asyncDispose]() {
        await close();
        await animal[Symbol.asyncDispose]();
      },
    });
  }

  conformance('imap, an old server', () => opened(old, 'old'), { names: 30 });

  test('an old server holds a backup for all of its life', async () => {
    await using animal = await startImapAnimal(server.port, old);
    expect((await life(url(animal.port, 'life'), { env: env() })).status).toBe(0);
  });

  test('a mailbox from which nothing may be deleted takes a file anew: the newest counts', async () => {
    await using backend = await opened(keepsAll, 'kept');
    for (const content of ['first, which is longer', 'second']) await backend.put('name', bodyOf(content), call);
    expect([await names(backend), await text(backend, 'name')]).toEqual([['name'], 'second']);
    expect(await failureOf(backend.delete('name', call))).toMatchObject({
      exitCode: 51,
      hint: expect.stringContaining('may not delete there') as string,
    });
  });

  test('a search that finds a message late, or a message that has gone, is told as not there', async () => {
    let isBlind = false;
    await using backend = await opened(
      {
        down: (line) =>
          isBlind && /^\* (E?SEARCH|SEARCH)/.test(line) ? line.replace(/(SEARCH).*/, '$1') : plain(line),
      },
      'late',
    );
    await backend.put('name', bodyOf('x'), call);
    isBlind = true;
    expect(await names(backend)).toEqual([]);
    isBlind = false;
    expect([await names(backend), await text(backend, 'name')]).toEqual([['name'], 'x']);
  });
});
