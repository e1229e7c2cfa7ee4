import { execFileSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startApacheDav, type DavServer } from '../servers/apache-dav.ts';
import { startFaultyProxy, type FaultyProxy } from '../servers/http-faults.ts';
import { duplicity, good, noise, PLAIN, put, treeOf, type Outcome, type Scene } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { requireTool } from '../support/tools.ts';
import { sceneAt } from './cycle.ts';

interface Place extends Scene {
  readonly stored: () => readonly string[];
}

describe.runIf(requireTool('apache2') && requireTool('openssl'))('webdav:// with answers that go wrong', () => {
  let server: DavServer;
  let proxy: FaultyProxy;
  let places = 0;
  beforeAll(async () => {
    server = await startApacheDav(tempDir());
    proxy = await startFaultyProxy(server.port);
  });
  beforeEach(() => proxy.set());
  afterAll(async () => {
    await proxy[Symbol.asyncDispose]();
    await server.stop();
  });

  const run = (...args: readonly string[]): Promise<Outcome> => duplicity([...PLAIN, ...args]);

  /** Its URL leads through the proxy. */
  function smallScene(content: string | Buffer = 'content'): Place {
    const place = `basic/http-${++places}`;
    const made = sceneAt(server.url('webdav', place).replace(`:${server.port}/`, `:${new URL(proxy.origin).port}/`));
    put(made.source, { file: content });
    return { ...made, stored: () => readdirSync(`${server.data}/${place}`) };
  }

  test.each([
    ['an upload', 'PUT'],
    ['the renaming that ends an upload', 'MOVE'],
  ] as const)('%s whose answer is lost is done again, and there is one good copy', async (_what, method) => {
    const { source, url, stored } = smallScene();
    proxy.set({ method, path: /difftar/, count: 1, loseReply: true });
    await expectGoodCopy(source, url);
    expect(proxy.seen.filter((line) => line.startsWith(method) && line.includes('difftar'))).toHaveLength(2);
    expect(stored()).toHaveLength(3);
  });

  test.runIf(requireTool('rclone'))(
    'an upload by rclone is done again when the answer to the renaming is lost',
    async () => {
      const { source } = smallScene();
      const config = `${tempDir()}/rclone.conf`;
      const password = execFileSync('rclone', ['obscure', server.password], { encoding: 'utf8' }).trim();
      const login = `user = ${server.user}\npass = ${password}\n`;
      writeFileSync(config, `[dav]\ntype = webdav\nvendor = other\nurl = ${proxy.origin}/basic\n${login}`);
      proxy.set({ method: 'MOVE', path: /difftar/, count: 1, loseReply: true });
      await expectGoodCopy(source, 'rclone://dav:by-rclone', { RCLONE_CONFIG: config });
      expect(readdirSync(`${server.data}/basic/by-rclone`)).toHaveLength(3);
    },
  );

  async function expectGoodCopy(source: string, url: string, env: Readonly<Record<string, string>> = {}) {
    const { status, stderr } = await duplicity([...PLAIN, source, url], { env });
    expect([status, stderr]).toEqual([0, '']);
    const verified = await good(['verify', '--compare-data', url, source], { env });
    expect(verified.stdout).toContain(' 0 differences found.\n');
  }

  test('a busy server is left alone for as long as it asks', async () => {
    const { source, url } = smallScene();
    proxy.set({ method: 'PUT', path: /difftar/, count: 1, status: 503, headers: { 'Retry-After': '1' } });
    const startedAt = Date.now();
    const { status, stdout } = await run(source, url);
    expect(status).toBe(0);
    expect(stdout).toContain('Attempt of put Nr. 1 failed.');
    expect(Date.now() - startedAt).toBeGreaterThan(1000);
  });

  test('a full store is 53 at once', async () => {
    const { source, url } = smallScene();
    proxy.set({ method: 'PUT', path: /difftar/, count: 9, status: 507 });
    expect((await run(source, url)).status).toBe(53);
    expect(proxy.seen.filter((line) => /^PUT .*difftar/.test(line))).toHaveLength(1);
  });

  test.each([
    ['cut', { cutAt: 100_000 }],
    ['changed', { flipAt: 100_000 }],
  ])('a volume that is %s on its way back is fetched again', async (_title, fault) => {
    const { source, url, dir } = smallScene(noise(300_000));
    await good([source, url]);
    proxy.set({ method: 'GET', path: /difftar/, count: 1, ...fault });
    expect((await run('restore', url, `${dir}/out`)).status).toBe(0);
    expect(proxy.seen.filter((line) => /^GET .*difftar/.test(line))).toHaveLength(2);
    expect(treeOf(`${dir}/out`)).toEqual(treeOf(source));
  });

  test('a delete whose answer is lost is no failure', async () => {
    const { source, url } = smallScene();
    await good([source, url]);
    proxy.set({ method: 'DELETE', path: /difftar/, count: 1, loseReply: true });
    expect((await run('remove-older-than', '0D', '--force', url)).status).toBe(0);
  });
});
