import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { dropboxApp, dropboxAt, startDropbox, type DropboxServer } from '../servers/dropbox.ts';
import { startFaultyProxy, type FaultyProxy, type HttpFault } from '../servers/http-faults.ts';
import { PROGRAMS } from '../support/programs.ts';
import {
  duplicity,
  duplicityAfter,
  good,
  noise,
  PLAIN,
  put,
  treeOf,
  WITHOUT_TERMINAL,
  type Outcome,
  type Scene,
} from '../support/scene.ts';
import { requirePythonModule, requireReference, requireTool } from '../support/tools.ts';
import { tempDir } from '../support/temp.ts';
import { exchange, fullCycle, sceneAt } from './cycle.ts';

type Env = Readonly<Record<string, string | undefined>>;

describe.runIf(requireTool('openssl'))('dpbx://', () => {
  let server: DropboxServer;
  let proxy: FaultyProxy;
  let places = 0;

  beforeAll(async () => {
    server = await startDropbox();
    proxy = await startFaultyProxy(server.plainPort, server.certificate);
  });
  beforeEach(() => {
    proxy.set();
    server.account.setQuota(Number.POSITIVE_INFINITY);
  });
  afterAll(async () => {
    await proxy[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  // Escapes are decoded twice, by the reference too.
  const place = (): string => `dpbx:///back%2520ups/place${++places}`;
  const folder = (): string => `/back ups/place${places}`;
  const trust = (): string[] => ['--ssl-cacert-file', server.authority];
  const direct = (): Env => ({ ...dropboxAt(server.port), ...dropboxApp(server) });
  const faulty = (): Env => ({ ...dropboxAt(Number(new URL(proxy.origin).port)), ...dropboxApp(server) });
  const run = (args: readonly string[], env: Env): Promise<Outcome> =>
    duplicity([...PLAIN, ...trust(), ...args], { env });

  function smallScene(content: string | Buffer = 'content'): Scene {
    const made = sceneAt(place());
    put(made.source, { file: content });
    return made;
  }

  /** Refuses that many calls of a route with what the API says then. */
  function refusal(route: string, count: number, status: number, error: object, headers = {}): HttpFault {
    const body = JSON.stringify({ error_summary: '..', error });
    return {
      method: 'POST',
      path: new RegExp(`^/2/files/${route}( |$)`),
      count,
      status,
      body,
      headers: { 'Content-Type': 'application/json', ...headers },
    };
  }

  function calls(route: string): readonly string[] {
    return proxy.seen.filter((line) => line.startsWith(`POST /2/files/${route} `));
  }

  async function isRestored({ source, dir, url }: Scene): Promise<void> {
    const out = `${tempDir(dir)}/out`;
    await good([...trust(), 'restore', url, out], { env: direct() });
    expect(treeOf(out)).toEqual(treeOf(source));
  }

  test('a backup goes through its whole life', async () => {
    expect(await fullCycle(sceneAt(place()), trust(), { env: direct() })).toEqual(['Full 1']);
  });

  describe.runIf(requireReference() && requirePythonModule('dropbox'))('is exchanged with the reference', () => {
    const env = (): Env => ({
      ...dropboxAt(server.port),
      DPBX_ACCESS_TOKEN: server.tokens.access(),
      REQUESTS_CA_BUNDLE: server.authority,
    });

    test.each(PROGRAMS)('written by %s', async (writer) => {
      const url = place();
      const args = { ours: trust(), 'the reference': [] };
      expect(await exchange(writer, { ours: url, 'the reference': url }, args, { env: env() })).toEqual(['Full']);
      expect(server.account.contents(folder()).size).toBeGreaterThan(0);
    });
  });

  describe('credentials', () => {
    test('variables that are not set are named', async () => {
      const { status, stderr } = await run(['collection-status', place()], { DPBX_APP_SECRET: 'hush-hush' });
      expect([status, stderr]).toEqual([
        23,
        expect.stringContaining('DPBX_APP_KEY and DPBX_REFRESH_TOKEN, or DPBX_ACCESS_TOKEN, must be set'),
      ]);
    });

    test('an app without a token, and nobody at a terminal, is one clear sentence', async () => {
      const words = [...PLAIN, 'collection-status', place()];
      const { status, stderr } = await duplicityAfter(WITHOUT_TERMINAL, words, { env: { DPBX_APP_KEY: 'app' } });
      expect(status).toBe(23);
      expect(stderr).toContain('No token for Dropbox, and nobody at a terminal to authorize the app.');
    });

    test.each([
      ['access token', { DPBX_ACCESS_TOKEN: 'hush-hush' }, 51, 'Dropbox does not accept the access token'],
      ['refresh token', { DPBX_REFRESH_TOKEN: 'hush-hush' }, 38, 'refuses the refresh token'],
      ['app secret', { DPBX_APP_SECRET: 'hush-hush' }, 38, 'refuses the app'],
    ])('a wrong %s is told in one sentence, without it', async (_title, wrong, code, said) => {
      const { status, stdout, stderr } = await run(['collection-status', place()], { ...direct(), ...wrong });
      expect(status).toBe(code);
      expect(stderr).toContain(said);
      expect(stdout + stderr).not.toContain('hush');
    });

    test('a token without the permission to write is told which it lacks', async () => {
      const { source, url } = smallScene();
      const reading = server.tokens.access(['files.metadata.read', 'files.content.read']);
      const { status, stderr } = await run([source, url], { ...dropboxAt(server.port), DPBX_ACCESS_TOKEN: reading });
      expect(status).toBe(51);
      expect(stderr).toContain('lacks the permission files.content.write');
    });

    test('an expired token alone is told, with what lasts longer', async () => {
      const token = server.tokens.access();
      server.tokens.expireAll();
      const env = { ...dropboxAt(server.port), DPBX_ACCESS_TOKEN: token };
      const { status, stderr } = await run(['collection-status', place()], env);
      expect(status).toBe(51);
      expect(stderr).toContain('the access token has expired');
      expect(stderr).toContain('DPBX_REFRESH_TOKEN');
    });

    test('an expired token is renewed once and the run goes on', async () => {
      const made = smallScene();
      const expired = { ...direct(), DPBX_ACCESS_TOKEN: server.tokens.access() };
      server.tokens.expireAll();
      const before = server.tokens.renewals();
      expect((await run(['--num-retries', '1', made.source, made.url], expired)).status).toBe(0);
      expect(server.tokens.renewals() - before).toBe(1);
      await isRestored(made);
    });
  });

  test('a busy server is left alone for as long as it asks', async () => {
    const { source, url } = smallScene();
    const error = { reason: { '.tag': 'too_many_requests' }, retry_after: 300 };
    proxy.set(refusal('upload', 1, 429, error, { 'Retry-After': '1' }));
    const startedAt = Date.now();
    const result = await run([source, url], faulty());
    expect(result.status).toBe(0);
    expect(result.stdout).toContain('Attempt of put Nr. 1 failed.');
    expect(Date.now() - startedAt).toBeGreaterThan(1000);
  });

  test('a full Dropbox is error 53 at once', async () => {
    const { source, url } = smallScene(noise(100_000));
    server.account.setQuota(50_000);
    const { status, stderr } = await run([source, url], faulty());
    expect(status).toBe(53);
    expect(stderr).toContain('the Dropbox is full');
    expect(calls('upload').filter((line) => line.includes('difftar'))).toHaveLength(1);
  });

  test('a folder that may not be written to is error 51 at once', async () => {
    const { source } = smallScene();
    const { status } = await run([source, 'dpbx:///read-only'], faulty());
    expect(status).toBe(51);
    expect(calls('upload')).toHaveLength(1);
  });

  test('a certificate of an unknown authority is refused at once', async () => {
    const { status, stderr } = await duplicity([...PLAIN, 'collection-status', place()], { env: direct() });
    expect(status).toBe(50);
    expect(stderr).toContain('certificate');
  });
});
