import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import type { Backend } from '../../src/backends/backend.ts';
import { commandEngine } from '../../src/backends/rclone/command-engine.ts';
import { open, rcloneBackend } from '../../src/backends/rclone/rclone.ts';
import { parseUrl } from '../../src/backends/url/url.ts';
import { CannotCopyError } from '../../src/errors/errors.ts';
import { bodyOf, call, failureOf, names, text } from '../conformance/driver-calls.ts';
import { startFaultyProxy, type FaultyProxy } from '../servers/http-faults.ts';
import { startRcloneDav, type RcloneDav } from '../servers/rclone-webdav.ts';
import { openOptions } from '../support/open-options.ts';
import { noise } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { requireTool } from '../support/tools.ts';

describe.runIf(requireTool('rclone'))('copies by what rclone reaches', () => {
  const dir = tempDir();
  let server: RcloneDav;
  let proxy: FaultyProxy;
  let env: Readonly<Record<string, string | undefined>>;
  let places = 0;

  beforeAll(async () => {
    server = await startRcloneDav(dir);
    proxy = await startFaultyProxy(Number(new URL(server.url('').replace('webdav:', 'http:')).port));
    const pass = execFileSync('rclone', ['obscure', 'hush'], { encoding: 'utf8' }).trim();
    mkdirSync(`${dir}/alias`);
    writeFileSync(
      `${dir}/some.conf`,
      `[dav]\ntype = webdav\nurl = ${proxy.origin}\nuser = backup\npass = ${pass}\n` +
        `[memory]\ntype = memory\n[store]\ntype = alias\nremote = ${dir}/alias\n`,
    );
    env = { ...process.env, RCLONE_CONFIG: `${dir}/some.conf` };
  });
  beforeEach(() => proxy.set());
  afterAll(async () => {
    await proxy[Symbol.asyncDispose]();
    await server.stop();
  });

  const byDaemon = (fs: string): Promise<Backend> => open(parseUrl(`rclone://${fs}`), openOptions({ env }));
  const byCommand = (fs: string): Promise<Backend> => rcloneBackend(commandEngine(fs, env), openOptions({ env }));

  test.each([
    ['a WebDAV server', 'dav:', byDaemon],
    ['a bucket', 'memory:', byDaemon],
    ['a WebDAV server, with a process for each order', 'dav:', byCommand],
  ])('%s copies, over another file too, and sends no content', async (_title, remote, openAt) => {
    await using backend = await openAt(`${remote}place${++places}`);
    const content = noise(300_000).toString('hex');
    await backend.put("o l'd", bodyOf(content), call);
    await backend.put('new', bodyOf('x'), call);
    proxy.set();
    await backend.copy?.("o l'd", 'new', call);
    expect(proxy.seen.filter((line) => /^(PUT|GET) \S*\/(new|o%20)/.test(line))).toEqual([]);
    expect([(await text(backend, 'new')) === content, await names(backend)]).toEqual([true, ['new', "o l'd"]]);
    const absent = await failureOf(Promise.resolve(backend.copy?.('absent', 'newer', call)));
    expect(absent).toMatchObject({ code: 'BACKEND_NOT_FOUND', retryable: false });
  });

  test('what rclone would have to fetch and send again is not copied', async () => {
    await using backend = await byDaemon('store:place');
    expect('copy' in backend).toBe(false);
  });

  test('a remote that refuses, or makes a copy of another size, is told, and nothing is left', async () => {
    const place = `place${++places}`;
    await using backend = await byDaemon(`dav:${place}`);
    await backend.put('old', bodyOf('content'), call);
    const copying = (size?: number): Promise<unknown> =>
      failureOf(Promise.resolve(backend.copy?.('old', 'new', { ...call, ...(size !== undefined && { size }) })));
    proxy.set({ method: 'COPY', path: /./, count: 9, status: 403 });
    expect(await copying()).toMatchObject({ code: 'BACKEND_PERMISSION_DENIED', retryable: false });
    proxy.set();
    expect(await copying(100)).toBeInstanceOf(CannotCopyError);
    expect(readdirSync(`${server.data}/${place}`)).toEqual(['old']);
    expect(readFileSync(`${server.data}/${place}/old`, 'utf8')).toBe('content');
  });

  test('a copy that is interrupted is given up', async () => {
    await using backend = await byDaemon(`dav:place${++places}`);
    await backend.put('old', bodyOf('content'), call);
    proxy.set({ method: 'COPY', path: /./, count: 9, isSilent: true });
    const stopping = new AbortController();
    const copy = failureOf(Promise.resolve(backend.copy?.('old', 'new', { signal: stopping.signal })));
    await expect.poll(() => proxy.seen.some((line) => line.startsWith('COPY'))).toBe(true);
    stopping.abort(new Error('stopped'));
    expect(await copy).toMatchObject({ message: 'stopped' });
    proxy.set();
    expect(await names(backend)).toEqual(['old']);
  });
});
