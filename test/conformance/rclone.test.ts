import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';

import { afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';

import type { Backend, Body, Bytes, Call } from '../../src/backends/backend.ts';
import { commandEngine } from '../../src/backends/rclone/command-engine.ts';
import { startDaemon } from '../../src/backends/rclone/daemon.ts';
import { daemonEngine } from '../../src/backends/rclone/daemon-engine.ts';
import { open, rcloneBackend } from '../../src/backends/rclone/rclone.ts';
import { parseUrl } from '../../src/backends/url/url.ts';
import { startRcloneDav } from '../servers/rclone-webdav.ts';
import { openOptions } from '../support/open-options.ts';
import { noise } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { requireTool } from '../support/tools.ts';
import { conformance } from './conformance.ts';

const call: Call = { signal: new AbortController().signal };

describe.runIf(requireTool('rclone'))('rclone', () => {
  const dir = tempDir();
  const env = { ...process.env, RCLONE_CONFIG: `${dir}/rclone.conf` };
  const options = openOptions({ env });
  beforeAll(() => {
    const password = execFileSync('rclone', ['obscure', 'secret'], { encoding: 'utf8' }).trim();
    for (const store of ['alias', 'crypt', 'many']) mkdirSync(`${dir}/${store}`);
    writeFileSync(
      `${dir}/rclone.conf`,
      `[local]\ntype = local\n[store]\ntype = alias\nremote = ${dir}/alias\n` +
        `[sealed]\ntype = crypt\nremote = ${dir}/crypt\npassword = ${password}\n`,
    );
  });

  conformance('rclone, alias', () => open(parseUrl('rclone://store:/new/directory'), options), {
    names: 500,
    checksum: 'sha1',
    plant: async (names, content) => {
      for (const name of names) writeFileSync(`${dir}/alias/new/directory/${name}`, content);
    },
  });
  conformance('rclone, crypt', () => open(parseUrl('rclone://sealed:b'), options), { names: 10 });
  conformance(
    'rclone, a process for each order',
    () => rcloneBackend(commandEngine(`local:${dir}/many`, env), options),
    { names: 10, checksum: 'sha1' },
  );

  let backend: Backend | undefined;
  afterEach(async () => {
    await backend?.[Symbol.asyncDispose]();
    backend = undefined;
  });

  test('RCLONE_CONFIG names the remotes, and local:// paths are absolute with two slashes', async () => {
    backend = await open(parseUrl(`rclone://local:/${dir}/absolute`), options);
    await put(backend, 'x');
    expect(readdirSync(`${dir}/absolute`)).toEqual(['x']);
    expect(await backend.stat?.('x', call)).toEqual({ name: 'x', size: 7 });
  });

  test('a file of the same size and time is sent nevertheless', async () => {
    backend = await open(parseUrl('rclone://store:same'), options);
    const file = `${dir}/file`;
    for (const content of ['first', 'other']) {
      writeFileSync(file, content);
      spawnSync('touch', ['-d', '2020-01-01', file]);
      await backend.put('x', { size: 5, file, open: () => bodyOf(content).open() }, call);
    }
    expect(readFileSync(`${dir}/alias/same/x`, 'utf8')).toBe('other');
  });

  test('keeps to a limit in each direction over the network', async () => {
    const server = await startRcloneDav(tempDir(dir));
    onTestFinished(() => server.stop());
    const { origin } = new URL(server.url('').replace('webdav:', 'http:'));
    const password = execFileSync('rclone', ['obscure', 'hush'], { encoding: 'utf8' }).trim();
    const own = {
      RCLONE_CONFIG_DAV_TYPE: 'webdav',
      RCLONE_CONFIG_DAV_URL: origin,
      RCLONE_CONFIG_DAV_USER: 'backup',
      RCLONE_CONFIG_DAV_PASS: password,
    };
    const settings = { limitUpload: 200 * 1024, limitDownload: 200 * 1024 };
    const limited = openOptions({ env: { ...env, ...own }, settings });
    /** With the start of rclone, which begins to save up then. */
    async function timed(run: (backend: Backend) => Promise<unknown>): Promise<number> {
      const began = performance.now();
      await using place = await open(parseUrl('rclone://dav:limited'), limited);
      expect(place.traits).toMatchObject({ parallel: 1, limitsItself: true });
      await run(place);
      return performance.now() - began;
    }
    const content = noise(200 * 1024);
    async function* bytes(): Bytes {
      yield content;
    }
    const body = { size: content.length, open: bytes };
    expect(await timed((place) => place.put('a', body, call))).toBeGreaterThan(900);
    let got: Buffer | undefined;
    expect(await timed(async (place) => (got = await place.get('a', buffer, call)))).toBeGreaterThan(900);
    expect(got?.equals(content)).toBe(true);
  });

  test('what a killed rclone leaves is hidden', async () => {
    backend = await open(parseUrl('rclone://store:left'), options);
    await put(backend, 'x');
    for (const name of ['.y.part', '.y.part.a1b2c3.partial']) writeFileSync(`${dir}/alias/left/${name}`, 'left');
    const names: string[] = [];
    for await (const { name } of backend.list(call)) names.push(name);
    expect(names).toEqual(['x']);
  });

  test('an unknown remote is named, with the way to make one', async () => {
    const failure = await open(parseUrl('rclone://nope:/x'), options).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'BACKEND_ERROR', retryable: false });
    expect(failure).toMatchObject({ hint: expect.stringContaining('rclone config') });
  });

  test('a URL without a remote is refused', async () => {
    await expect(open(parseUrl('rclone:///directory'), options)).rejects.toMatchObject({ exitCode: 23 });
  });

  test('a daemon that has died is started anew', async () => {
    const fs = `local:${dir}/restarted`;
    let started = 0;
    const start = async (): ReturnType<typeof running> => {
      started++;
      return running();
    };
    async function running(): Promise<NonNullable<Awaited<ReturnType<typeof startDaemon>>>> {
      const daemon = await startDaemon(env, () => undefined);
      if (daemon === undefined) throw new Error('no daemon');
      return daemon;
    }
    const first = await running();
    backend = await rcloneBackend(daemonEngine(fs, first, start), options);
    await put(backend, 'x');
    await first.close();
    expect(await put(backend, 'y').catch((error: unknown) => error)).toMatchObject({ retryable: true });
    await put(backend, 'y');
    expect([started, readdirSync(`${dir}/restarted`).sort()]).toEqual([1, ['x', 'y']]);
  });

  test('the daemon wants the secret, which no process list shows, and ends with us', async () => {
    const daemon = await startDaemon(env, () => undefined);
    const list = spawnSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).stdout;
    expect(
      list.split('\n').filter((line) => /rclone.*(--rc-pass|RC_PASS=)/.test(line) && !line.includes('sh -c')),
    ).toEqual([]);
    expect(await daemon?.call('rc/noop', { a: 1 }, call.signal)).toEqual({ a: 1 });
    await daemon?.close();
    await expect(daemon?.call('rc/noop', {}, call.signal)).rejects.toMatchObject({ retryable: true });
  });
});

test('without rclone the program is named, with its package', async () => {
  const failure = open(parseUrl('rclone://store:/x'), openOptions({ env: { PATH: tempDir() } }));
  await expect(failure).rejects.toMatchObject({
    code: 'BACKEND_COMMAND_ERROR',
    message: 'The program rclone is not installed.',
    hint: expect.stringContaining('Install rclone'),
  });
});

function bodyOf(text: string): Body {
  async function* blocks(): Bytes {
    yield Buffer.from(text);
  }
  return { size: text.length, open: blocks };
}

function put(backend: Backend, name: string): Promise<void> {
  return backend.put(name, bodyOf('content'), call);
}
