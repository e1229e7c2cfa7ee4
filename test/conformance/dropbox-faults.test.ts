import { get } from 'node:https';
import { text } from 'node:stream/consumers';

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import type { Backend, Bytes } from '../../src/backends/backend.ts';
import { open } from '../../src/backends/dpbx/dpbx.ts';
import type { DriverQuestion, OpenOptions } from '../../src/backends/open-options.ts';
import { parseUrl } from '../../src/backends/url/url.ts';
import { withRetry } from '../../src/backends/wrap/retry.ts';
import { APP_KEY, APP_SECRET } from '../servers/dropbox-tokens.ts';
import { dropboxApp, dropboxAt, startDropbox, type DropboxServer } from '../servers/dropbox.ts';
import { startFaultyProxy, type FaultyProxy, type HttpFault } from '../servers/http-faults.ts';
import { noise } from '../support/scene.ts';
import { requireTool } from '../support/tools.ts';
import { bodyOf } from './driver-calls.ts';

const MIB = 1024 * 1024;
/** A session that is started, appended to and finished. */
const LARGE = noise(32 * MIB + 1000);
const SMALL = noise(300_000);
const call = { signal: new AbortController().signal };

describe.runIf(requireTool('openssl'))('dpbx, when something goes wrong', () => {
  let server: DropboxServer;
  let proxy: FaultyProxy;
  let backend: Backend;
  const opened: Backend[] = [];

  beforeAll(async () => {
    server = await startDropbox();
    proxy = await startFaultyProxy(server.plainPort, server.certificate);
    backend = retrying(await opening(dropboxApp(server)));
  });
  beforeEach(async () => {
    proxy.set();
    await backend.delete('name', call);
    proxy.set();
  });
  afterAll(async () => {
    for (const each of opened) await each[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  async function opening(env: OpenOptions['env'], more: Partial<OpenOptions> = {}): Promise<Backend> {
    const port = Number(new URL(proxy.origin).port);
    const driver = await open(parseUrl('dpbx:///dir'), {
      ...call,
      env: { ...dropboxAt(port), ...env },
      settings: { sslCacertFile: server.authority },
      ...more,
    });
    opened.push(driver);
    return driver;
  }

  /** Tries twice. */
  function retrying(driver: Backend): Backend {
    return withRetry(driver, { tries: 2, delayMs: 0, emit: () => undefined });
  }

  function counted(): Record<string, number> {
    const seen: Record<string, number> = {};
    for (const line of proxy.seen) {
      const route = /\/2\/files\/(?:upload_session\/)?(\w+)/.exec(line)?.[1];
      if (route !== undefined) seen[route] = (seen[route] ?? 0) + 1;
    }
    return seen;
  }

  function stored(): Buffer | undefined {
    return server.account.contents('/dir').get('name');
  }

  const refused = (error: object, status = 409): Pick<HttpFault, 'status' | 'body'> => ({
    status,
    body: JSON.stringify({ error_summary: '..', error }),
  });
  const upload = (route: string, what: object): HttpFault => ({
    method: 'POST',
    path: new RegExp(`/${route} `),
    count: 1,
    ...what,
  });
  const wrongOffset = { '.tag': 'incorrect_offset', correct_offset: 16 * MIB };

  test.each<[string, HttpFault, Record<string, number>]>([
    [
      'a lost answer to a part costs no part',
      upload('append_v2', { loseReply: true }),
      // Once in vain: the server has it.
      { start: 1, append_v2: 2, finish: 1 },
    ],
    [
      'a lost answer to the last part is made up for by a look',
      upload('finish', { loseReply: true }),
      { start: 1, append_v2: 1, finish: 1, get_metadata: 1 },
    ],
    [
      'a last part that is refused is sent again',
      upload('finish', refused({ '.tag': 'too_many_write_operations' })),
      { start: 1, append_v2: 1, finish: 2, get_metadata: 1 },
    ],
    [
      'a session that the server has lost is begun again',
      upload('finish', refused({ '.tag': 'lookup_failed', lookup_failed: { '.tag': 'not_found' } })),
      { start: 2, append_v2: 2, finish: 2 },
    ],
    [
      'a part that the server does not have after all is sent again',
      upload('finish', refused({ '.tag': 'lookup_failed', lookup_failed: wrongOffset })),
      { start: 1, append_v2: 2, finish: 2, get_metadata: 1 },
    ],
  ])('%s', async (_title, fault, expected) => {
    proxy.set(fault);
    await backend.put('name', bodyOf(LARGE), call);
    expect(counted()).toEqual(expected);
    expect(stored()?.equals(LARGE)).toBe(true);
  });

  test('a wrong offset is set right without a retry', async () => {
    const driver = await opening(dropboxApp(server));
    proxy.set(upload('append_v2', refused(wrongOffset)));
    await driver.put('name', bodyOf(LARGE), call);
    expect(counted()).toEqual({ start: 1, append_v2: 2, finish: 1 });
    expect(stored()?.equals(LARGE)).toBe(true);
  });

  test('a token that expires between two parts is renewed, and the part sent again, without a retry', async () => {
    const driver = await opening(dropboxApp(server));
    proxy.set(upload('append_v2', refused({ '.tag': 'expired_access_token' }, 401)));
    await driver.put('name', bodyOf(LARGE), call);
    expect(counted()).toEqual({ start: 1, append_v2: 2, finish: 1 });
    expect(stored()?.equals(LARGE)).toBe(true);
  });

  test('many calls at once with an expired token ask for one new token', async () => {
    const driver = await opening({ ...dropboxApp(server), DPBX_ACCESS_TOKEN: server.tokens.access() });
    server.tokens.expireAll();
    const before = server.tokens.renewals();
    const names = ['a', 'b', 'c', 'd'];
    expect(await Promise.all(names.map((name) => driver.delete(name, call)))).toHaveLength(4);
    expect(server.tokens.renewals() - before).toBe(1);
  });

  test('a token that is refused again right after it was renewed is an error', async () => {
    const driver = await opening(dropboxApp(server));
    proxy.set({ ...upload('upload', refused({ '.tag': 'expired_access_token' }, 401)), count: 2 });
    await expect(driver.put('name', bodyOf(SMALL), call)).rejects.toMatchObject({ code: 'BACKEND_PERMISSION_DENIED' });
  });

  test('a file whose answer is lost is uploaded again, and there is one good copy', async () => {
    proxy.set(upload('upload', { loseReply: true }));
    await backend.put('name', bodyOf(SMALL), call);
    expect(counted()).toEqual({ upload: 2 });
    expect([...server.account.contents('/dir').keys()]).toEqual(['name']);
    expect(stored()?.equals(SMALL)).toBe(true);
  });

  test('an upload of which the server tells another hash is no success', async () => {
    const driver = await opening(dropboxApp(server));
    const body = JSON.stringify({ size: SMALL.length, content_hash: '0'.repeat(64) });
    proxy.set(upload('upload', { status: 200, body }));
    await expect(driver.put('name', bodyOf(SMALL), call)).rejects.toMatchObject({ retryable: true });
  });

  test.each([
    ['cut', { cutAt: 100_000 }],
    ['changed', { flipAt: 100_000 }],
  ])('a download that is %s is an error, and fetched again', async (_title, fault) => {
    const driver = await opening(dropboxApp(server));
    await driver.put('name', bodyOf(SMALL), call);
    proxy.set(upload('download', fault));
    await expect(driver.get('name', collect, call)).rejects.toMatchObject({ retryable: true });
    proxy.set(upload('download', fault));
    expect((await backend.get('name', collect, call)).equals(SMALL)).toBe(true);
  });

  test('a delete whose answer is lost is no failure', async () => {
    await backend.put('name', bodyOf(SMALL), call);
    proxy.set({ method: 'POST', path: /delete_v2/, count: 1, loseReply: true });
    await backend.delete('name', call);
    expect(stored()).toBeUndefined();
  });

  test.each(['<html>Log in to this network</html>', '{}'])(
    '%s instead of a listing is no empty folder',
    async (body) => {
      const driver = await opening(dropboxApp(server));
      proxy.set({ method: 'POST', path: /list_folder/, count: 1, status: 200, body });
      await expect(namesIn(driver)).rejects.toMatchObject({ code: 'BACKEND_ERROR', retryable: true });
    },
  );

  test('a listing that has to start again is an error worth a retry', async () => {
    const names = Array.from({ length: 2001 }, (_, i) => `f${i}`);
    server.account.plant('/dir', names, Buffer.from('x'));
    proxy.set({ method: 'POST', path: /list_folder\/continue/, count: 1, ...refused({ '.tag': 'reset' }) });
    expect(new Set(await namesIn(backend)).size).toBe(2001);
  });

  async function namesIn(driver: Backend): Promise<string[]> {
    const names: string[] = [];
    for await (const { name } of driver.list(call)) names.push(name);
    return names;
  }

  describe('an app that is not authorized yet', () => {
    /** Somebody who opens the address, allows the access, copies the code, and presses Enter. */
    function person(): { readonly asked: string[]; readonly ask: (question: DriverQuestion) => Promise<string> } {
      const asked: string[] = [];
      return {
        asked,
        ask: async ({ prompt, isVisible }) => {
          expect(isVisible).toBe(true);
          asked.push(prompt);
          const url = /https:\S+authorize\S+/.exec(prompt)?.[0];
          return url === undefined ? '' : ((await page(url)).trim().split(' ').at(-1) ?? '');
        },
      };
    }
    function page(url: string): Promise<string> {
      return new Promise((resolve, reject) => {
        get(url, { rejectUnauthorized: false }, (answer) => resolve(text(answer))).on('error', reject);
      });
    }

    test.each([
      ['with its secret', { DPBX_APP_KEY: APP_KEY, DPBX_APP_SECRET: APP_SECRET }],
      ['without a secret, by PKCE', { DPBX_APP_KEY: APP_KEY }],
    ])('is authorized at the terminal %s, and the token shown there lasts', async (_title, env) => {
      const { asked, ask } = person();
      const first = await opening(env, { ask });
      await first.put('name', bodyOf(SMALL), call);
      expect(asked).toHaveLength(2);
      expect(asked.join('')).not.toContain(APP_SECRET);
      const token = /export DPBX_REFRESH_TOKEN='([^']+)'/.exec(asked[1] ?? '')?.[1];
      server.tokens.expireAll();
      const next = await opening({ ...env, DPBX_REFRESH_TOKEN: token });
      expect(await next.stat?.('name', call)).toEqual({ name: 'name', size: SMALL.length });
    });

    test('asks for the permissions that a backup needs, and no more', async () => {
      const { asked, ask } = person();
      await opening({ DPBX_APP_KEY: APP_KEY }, { ask });
      const url = new URL(/https:\S+/.exec(asked[0] ?? '')?.[0] ?? '');
      expect(url.searchParams.get('scope')?.split(' ').sort()).toEqual([
        'files.content.read',
        'files.content.write',
        'files.metadata.read',
      ]);
      expect(url.searchParams.get('token_access_type')).toBe('offline');
    });

    test('with a wrong code is one clear error', async () => {
      const ask = (): Promise<string> => Promise.resolve('wrong-code-hush');
      const failure = await opening({ DPBX_APP_KEY: APP_KEY }, { ask }).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: 'CONNECTION_FAILED', retryable: false });
      expect(String(failure)).not.toContain('hush');
    });

    test.each([
      ['nobody is there', () => Promise.resolve(undefined)],
      ['nothing is typed', () => Promise.resolve('')],
    ])('is refused where %s', async (_title, ask) => {
      await expect(opening({ DPBX_APP_KEY: APP_KEY }, { ask })).rejects.toMatchObject({
        code: 'USER_ERROR',
        message: 'No token for Dropbox, and nobody at a terminal to authorize the app.',
      });
    });
  });
});

async function collect(bytes: Bytes): Promise<Buffer> {
  const blocks: Buffer[] = [];
  for await (const block of bytes) blocks.push(block);
  return Buffer.concat(blocks);
}
