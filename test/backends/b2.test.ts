import { mkdirSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openBackend } from '../../src/backends/registry.ts';
import { parseUrl } from '../../src/backends/url/url.ts';
import { requireB2, startB2, type B2Key, type B2Server } from '../servers/b2.ts';
import { startFaultyProxy, type FaultyProxy } from '../servers/http-faults.ts';
import { PROGRAMS } from '../support/programs.ts';
import { duplicity, good, noise, PLAIN, put, treeOf, type Scene } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { requireReference } from '../support/tools.ts';
import { exchange, fullCycle, sceneAt } from './cycle.ts';

const LEAST = ['listFiles', 'readFiles', 'writeFiles', 'deleteFiles'];

type Env = Readonly<Record<string, string>>;

describe.runIf(requireB2())("b2:// on Backblaze's simulator", () => {
  let server: B2Server;
  let proxy: FaultyProxy;
  let places = 0;

  beforeAll(async () => {
    // Volumes of 1 MiB are large files.
    server = await startB2(500_000);
    proxy = await startFaultyProxy(server.port);
  });
  beforeEach(() => proxy.set());
  afterAll(async () => {
    await proxy[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  const bucket = (): string => `bucket-${++places}`;
  const at = (place: string, key = server.key): string => `b2://${key.id}@${place}`;
  const envOf = ({ key }: B2Key): Env => ({ ...server.env, FTP_PASSWORD: key });
  const run = (args: readonly string[], env: Env) => duplicity([...PLAIN, ...args], { env });
  /** The addresses that the server gives lead by way of the proxy too. */
  const throughProxy = (): Env => ({ ...server.env, B2_API_URL: proxy.origin });

  async function makeBucket(name: string): Promise<void> {
    const opening = { signal: new AbortController().signal, env: server.env };
    await using backend = await openBackend(parseUrl(at(name)), opening);
    void backend;
  }

  function smallScene(content: string | Buffer = 'content', url = at(`${bucket()}/place`)): Scene {
    const made = sceneAt(url);
    put(made.source, { file: content });
    return made;
  }

  test('a backup goes through its whole life with few rights, and nothing of what was deleted stays', async () => {
    const name = bucket();
    await makeBucket(name);
    const key = await server.makeKey(LEAST, { bucket: name, prefix: 'a folder/' });
    const place = at(`${name}/a folder/place`, key);
    expect(await fullCycle(sceneAt(place), [], { env: envOf(key) })).toEqual(['Full 1']);
    const { versions } = await server.bucket(name);
    expect(versions.map(({ action }) => action)).toEqual(['upload', 'upload', 'upload']);
  });

  describe.runIf(requireReference())('is exchanged with the reference', () => {
    test.each(PROGRAMS)('written by %s', async (writer) => {
      // The address of the service is a constant of its library.
      const site = tempDir();
      mkdirSync(site, { recursive: true });
      writeFileSync(
        `${site}/sitecustomize.py`,
        "import os\nfrom b2sdk import raw_api\nraw_api.REALM_URLS['production'] = os.environ['B2_API_URL']\n",
      );
      const url = at(`${bucket()}/folder/a@b`);
      const env = { ...server.env, PYTHONPATH: site };
      const urls = { ours: url, 'the reference': url };
      expect(await exchange(writer, urls, { ours: [], 'the reference': [] }, { env })).toEqual(['Full']);
    });
  });

  test('a key in the URL is used and shown nowhere', async () => {
    const { source, url } = smallScene();
    const withKey = url.replace('@', `:${server.key.key}@`);
    const { status, stdout, stderr, records } = await run(['-v9', source, withKey], { B2_API_URL: server.origin });
    expect(status).toBe(0);
    expect(stdout + stderr + JSON.stringify(records)).not.toContain(server.key.key);
  });

  test('a cap that is reached at login is told as a cap, not as a wrong key', async () => {
    const body = JSON.stringify({
      status: 403,
      code: 'transaction_cap_exceeded',
      message: 'Transaction cap exceeded.',
    });
    proxy.set({ method: 'GET', path: /b2_authorize_account/, count: 99, status: 403, body });
    const { status, stderr } = await run(['collection-status', at(bucket())], throughProxy());
    expect(status).toBe(50);
    expect(stderr).toContain("a daily cap of the account's transactions or downloads is reached");
    expect(stderr).not.toContain('does not accept the key');
  });

  test('a wrong key is error 38, without the key', async () => {
    const { status, stdout, stderr } = await run(
      ['collection-status', at(bucket())],
      envOf({ id: '', key: 'hush-hush' }),
    );
    expect(status).toBe(38);
    expect(stderr).toContain('does not accept the key account-0');
    expect(stderr + stdout).not.toContain('hush-hush');
  });

  describe('a key with few rights', () => {
    test.each([
      ['another bucket', 'other/mine', 'the key is for the bucket'],
      ['another folder', undefined, 'the key is for names that begin with "mine/"'],
    ])('for %s is error 51 and says what it is for', async (_title, place, text) => {
      const name = bucket();
      await makeBucket(name);
      const key = await server.makeKey(LEAST, { bucket: name, prefix: 'mine/' });
      const { status, stderr } = await run(['collection-status', at(place ?? name, key)], envOf(key));
      expect(status).toBe(51);
      expect(stderr).toContain(text);
    });

    test('that may not make the bucket is error 52', async () => {
      const key = await server.makeKey([...LEAST, 'listBuckets']);
      const { source, url } = smallScene('content', at('absent', key));
      const { status, stderr } = await run([source, url], envOf(key));
      expect(status).toBe(52);
      expect(stderr).toContain('There is no bucket absent, and the key may not create it.');
    });

    test('that may not delete is error 51 when something is to be deleted', async () => {
      const name = bucket();
      const { source, url } = smallScene('content', at(name));
      for (const _ of [1, 2]) await good(['full', source, url], { env: server.env });
      const key = await server.makeKey(['listBuckets', 'listFiles', 'readFiles', 'writeFiles']);
      const words = ['remove-all-but-n-full', '1', '--force', at(name, key)];
      const { status, stderr } = await run(words, envOf(key));
      expect(status).toBe(51);
      expect(stderr).toContain('the key may not do this');
    });
  });

  test('a cap on the storage that is reached is error 53 at once', async () => {
    const { source, url } = smallScene();
    await server.failUploads('StorageCapExceeded');
    const { status, stderr } = await run([source, url], throughProxy());
    expect(status).toBe(53);
    expect(stderr).toContain("the cap of the account's storage is reached");
    expect(proxy.seen.filter((line) => line.startsWith('POST /upload/'))).toHaveLength(1);
  });

  test('a busy server is left alone for as long as it asks', async () => {
    const { source, url } = smallScene();
    proxy.set({ method: 'POST', path: /^\/upload\//, count: 1, status: 503, headers: { 'Retry-After': '1' } });
    const startedAt = Date.now();
    const { status, stdout } = await run([source, url], throughProxy());
    expect(status).toBe(0);
    expect(stdout).toContain('Attempt of put Nr. 1 failed.');
    expect(Date.now() - startedAt).toBeGreaterThan(1000);
  });

  test('an upload whose answer is lost is done again, and is deleted with its first version', async () => {
    const name = bucket();
    const { source, url } = smallScene('content', at(name));
    proxy.set({ method: 'POST', path: /^\/upload\//, count: 1, loseReply: true });
    expect((await run([source, url], throughProxy())).status).toBe(0);
    expect((await server.bucket(name)).versions).toHaveLength(4);
    const verified = await good(['verify', '--compare-data', url, source], { env: server.env });
    expect(verified.stdout).toContain(' 0 differences found.\n');
    await good(['full', source, url], { env: server.env });
    await good(['remove-all-but-n-full', '1', '--force', url], { env: server.env });
    expect((await server.bucket(name)).versions).toHaveLength(3);
  });

  test.each([
    ['cut', { cutAt: 100_000 }],
    ['changed', { flipAt: 100_000 }],
  ])('a volume that is %s on its way back is fetched again', async (_title, fault) => {
    const { source, url, dir } = smallScene(noise(300_000));
    await good([source, url], { env: server.env });
    proxy.set({ method: 'GET', path: /difftar\.gz$/, count: 1, ...fault });
    const { status, stdout } = await run(['restore', url, `${dir}/out`], throughProxy());
    expect(status).toBe(0);
    expect(stdout).toContain('Attempt of get Nr. 1 failed.');
    expect(treeOf(`${dir}/out`)).toEqual(treeOf(source));
  });

  test('a delete whose answer is lost is no failure, and --b2-hide-files only hides', async () => {
    const name = bucket();
    const { source, url } = smallScene('content', at(name));
    for (const _ of [1, 2]) await good(['full', source, url], { env: server.env });
    proxy.set({ method: 'POST', path: /b2_hide_file/, count: 1, loseReply: true });
    const removal = ['remove-all-but-n-full', '1', '--force', '--b2-hide-files', url];
    expect((await run(removal, throughProxy())).status).toBe(0);
    const actions = (await server.bucket(name)).versions.map(({ action }) => action);
    expect([actions.length, actions.filter((action) => action === 'hide').length]).toEqual([9, 3]);
    await good(['full', source, url], { env: server.env });
    proxy.set({ method: 'POST', path: /b2_delete_file_version/, count: 1, loseReply: true });
    expect((await run(['remove-all-but-n-full', '1', '--force', url], throughProxy())).status).toBe(0);
    expect((await server.bucket(name)).versions.filter(({ action }) => action === 'upload')).toHaveLength(6);
  });
});
