import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { open as openB2 } from '../../src/backends/b2/b2.ts';
import type { Backend } from '../../src/backends/backend.ts';
import { open as openDropbox } from '../../src/backends/dpbx/dpbx.ts';
import { parseUrl } from '../../src/backends/url/url.ts';
import { CannotCopyError } from '../../src/errors/errors.ts';
import { bodyOf, call, failureOf, names, text } from '../conformance/driver-calls.ts';
import { requireB2, startB2, type B2Server } from '../servers/b2.ts';
import { dropboxApp, dropboxAt, startDropbox, type DropboxServer } from '../servers/dropbox.ts';
import { startFaultyProxy, type FaultyProxy } from '../servers/http-faults.ts';
import { noise } from '../support/scene.ts';
import { requireTool } from '../support/tools.ts';

const copying = (backend: Backend, how = {}): Promise<unknown> =>
  failureOf(Promise.resolve(backend.copy?.('old', 'new', { ...call, ...how })));

/** What is said, and what is there, when a copy is stopped that nobody answers. */
async function stopped(backend: Backend, proxy: FaultyProxy, path: RegExp): Promise<readonly unknown[]> {
  proxy.set({ method: 'POST', path, count: 1, isSilent: true });
  const stopping = new AbortController();
  const copy = copying(backend, { signal: stopping.signal });
  await expect.poll(() => proxy.seen.some((line) => path.test(line))).toBe(true);
  stopping.abort(new Error('stopped'));
  const said = String(await copy);
  proxy.set();
  return [said, ...(await names(backend))];
}

describe.runIf(requireB2())('copies by B2', () => {
  const PART = 100_000;
  let server: B2Server;
  let proxy: FaultyProxy;
  let buckets = 0;

  beforeAll(async () => {
    server = await startB2(PART);
    proxy = await startFaultyProxy(server.port);
  });
  beforeEach(() => proxy.set());
  afterAll(async () => {
    await proxy[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  async function withOld(content: Buffer | string = 'content', largest?: number): Promise<Backend> {
    const env = { ...server.env, B2_API_URL: proxy.origin };
    const url = parseUrl(`b2://${server.key.id}@copies-${++buckets}/a b`);
    const backend = await openB2(url, { ...call, env }, largest);
    await backend.put('old', bodyOf(content), call);
    return backend;
  }
  const COPY = { method: 'POST', path: /b2_copy_file/, count: 1 } as const;

  test('a large file is copied in parts, with its digest', async () => {
    const data = noise(2 * PART + 1);
    await using backend = await withOld(data, PART);
    proxy.set();
    await backend.copy?.('old', 'new', call);
    expect(proxy.seen.filter((line) => line.includes('b2_copy_part'))).toHaveLength(3);
    const large_file_sha1 = createHash('sha1').update(data).digest('hex');
    const { versions } = await server.bucket(`copies-${buckets}`);
    expect(versions).toMatchObject([
      { name: 'a b/new', size: data.length, type: 'application/pgp-encrypted', info: { large_file_sha1 } },
      { name: 'a b/old' },
    ]);
  });

  test('a copy of which a part is refused leaves nothing', async () => {
    await using backend = await withOld(noise(2 * PART + 1), PART);
    proxy.set({ ...COPY, path: /b2_copy_part/, status: 403, body: '{"code":"storage_cap_exceeded"}' });
    expect(await copying(backend)).toMatchObject({ code: 'BACKEND_NO_SPACE', retryable: false });
    expect((await server.bucket(`copies-${buckets}`)).versions).toHaveLength(1);
  });

  test('an answer that tells of fewer bytes, or of none, may be asked for again', async () => {
    await using backend = await withOld();
    for (const body of ['{"fileId":"x","contentLength":3}', '<html></html>']) {
      proxy.set({ ...COPY, status: 200, body });
      expect(await copying(backend)).toMatchObject({ code: 'BACKEND_ERROR', retryable: true });
    }
    await backend.copy?.('old', 'new', call);
    expect(await text(backend, 'new')).toBe('content');
  });

  test('what the service refuses has the code of that', async () => {
    await using backend = await withOld();
    for (const [status, code, kind, retryable] of [
      [401, 'unauthorized', 'BACKEND_PERMISSION_DENIED', false],
      [400, 'bad_request', 'BACKEND_ERROR', false],
      [503, 'service_unavailable', 'BACKEND_ERROR', true],
    ] as const) {
      proxy.set({ ...COPY, status, body: JSON.stringify({ code }) });
      expect(await copying(backend)).toMatchObject({ code: kind, retryable });
    }
  });

  test('an answer that is lost makes two versions, both of which a deletion takes', async () => {
    await using backend = await withOld();
    proxy.set({ ...COPY, loseReply: true });
    expect(await copying(backend)).toMatchObject({ retryable: true });
    await backend.copy?.('old', 'new', call);
    await backend.delete('new', call);
    expect((await server.bucket(`copies-${buckets}`)).versions).toMatchObject([{ name: 'a b/old' }]);
  });

  test('a copy that is interrupted is given up', async () => {
    await using backend = await withOld();
    expect(await stopped(backend, proxy, /b2_copy_file/)).toEqual(['Error: stopped', 'old']);
  });
});

describe.runIf(requireTool('openssl'))('copies by Dropbox', () => {
  let server: DropboxServer;
  let proxy: FaultyProxy;
  let folders = 0;

  beforeAll(async () => {
    server = await startDropbox();
    proxy = await startFaultyProxy(server.plainPort, server.certificate);
  });
  beforeEach(() => proxy.set());
  afterAll(async () => {
    await proxy[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  async function withOld(): Promise<Backend> {
    const env = { ...dropboxAt(Number(new URL(proxy.origin).port)), ...dropboxApp(server) };
    const settings = { sslCacertFile: server.authority };
    const backend = await openDropbox(parseUrl(`dpbx:///copies/${++folders}`), { ...call, env, settings });
    await backend.put('old', bodyOf('content'), call);
    return backend;
  }
  const COPY = { method: 'POST', path: /files\/copy_v2/, count: 1 } as const;
  const refusal = (error: object) => ({
    ...COPY,
    status: 409,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ error }),
  });

  test('what is in the way is deleted only when it is a file', async () => {
    await using backend = await withOld();
    await backend.put('new', bodyOf('other'), call);
    proxy.set();
    await backend.copy?.('old', 'new', call);
    expect(proxy.seen.map((line) => /files\/\w+/.exec(line)?.[0])).toEqual([
      'files/copy_v2',
      'files/delete_v2',
      'files/copy_v2',
    ]);
    expect(await text(backend, 'new')).toBe('content');
    proxy.set(refusal({ '.tag': 'to', to: { '.tag': 'conflict', conflict: { '.tag': 'folder' } } }));
    expect(await copying(backend)).toMatchObject({ code: 'BACKEND_ERROR', retryable: false });
    expect(await text(backend, 'new')).toBe('content');
  });

  test('what Dropbox refuses has the code of that', async () => {
    await using backend = await withOld();
    for (const [error, code, retryable] of [
      [{ '.tag': 'from_lookup', from_lookup: { '.tag': 'not_found' } }, 'BACKEND_NOT_FOUND', false],
      [{ '.tag': 'insufficient_quota' }, 'BACKEND_NO_SPACE', false],
      [{ '.tag': 'to', to: { '.tag': 'no_write_permission' } }, 'BACKEND_PERMISSION_DENIED', false],
      [{ '.tag': 'cant_copy_shared_folder' }, 'BACKEND_ERROR', false],
      [{ '.tag': 'too_many_write_operations' }, 'BACKEND_ERROR', true],
      [{ '.tag': 'internal_error' }, 'BACKEND_ERROR', true],
    ] as const) {
      proxy.set(refusal(error));
      expect(await copying(backend)).toMatchObject({ code, retryable });
    }
  });

  test('a copy of another size is none', async () => {
    await using backend = await withOld();
    proxy.set({ ...COPY, rewrite: () => '<html></html>' });
    expect(await copying(backend)).toMatchObject({ code: 'BACKEND_ERROR', retryable: true });
    expect(await copying(backend, { size: 100 })).toBeInstanceOf(CannotCopyError);
    expect(await names(backend)).toEqual(['old']);
  });

  test('an answer that is lost is asked for again, and one copy is there', async () => {
    await using backend = await withOld();
    proxy.set({ ...COPY, loseReply: true });
    expect(await copying(backend)).toMatchObject({ retryable: true });
    await backend.copy?.('old', 'new', call);
    expect([await text(backend, 'new'), await names(backend)]).toEqual(['content', ['new', 'old']]);
  });

  test('a copy that is interrupted is given up', async () => {
    await using backend = await withOld();
    expect(await stopped(backend, proxy, /files\/copy_v2/)).toEqual(['Error: stopped', 'old']);
  });
});
