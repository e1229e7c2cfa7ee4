import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { open } from '../../src/backends/azure/azure.ts';
import { copyBlob } from '../../src/backends/azure/copy.ts';
import type { Backend } from '../../src/backends/backend.ts';
import type { DriverOptions } from '../../src/backends/open-options.ts';
import { stallWatch } from '../../src/backends/transfer/stall.ts';
import { parseUrl } from '../../src/backends/url/url.ts';
import { CannotCopyError } from '../../src/errors/errors.ts';
import { bodyOf, call, failureOf, names, text } from '../conformance/driver-calls.ts';
import { connectionString, requireAzurite, startAzurite, type AzuriteServer } from '../servers/azurite.ts';
import { startFaultyProxy, type FaultyProxy } from '../servers/http-faults.ts';

const COPY = { method: 'PUT', path: /\/new/, header: ['x-ms-copy-source', /./], count: 1 } as const;
const ABORT = { method: 'PUT', path: /\/new\?.*comp=copy/, count: 9, status: 204 } as const;
const PENDING = { 'x-ms-copy-status': 'pending' } as const;
const LOOK = { method: 'HEAD', path: /\/new/, headers: PENDING } as const;

describe.runIf(requireAzurite())('copies by Azure', () => {
  let server: AzuriteServer;
  let proxy: FaultyProxy;
  let containers = 0;

  beforeAll(async () => {
    server = await startAzurite();
    proxy = await startFaultyProxy(Number(new URL(server.origin).port));
  });
  beforeEach(() => proxy.set());
  afterAll(async () => {
    await proxy[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  async function withOld(settings: DriverOptions = {}): Promise<Backend> {
    const env = { AZURE_CONNECTION_STRING: connectionString(proxy.origin) };
    const backend = await open(parseUrl(`azure://copies-${++containers}`), { ...call, env, settings });
    await backend.put('old', bodyOf('content'), call);
    return backend;
  }
  const copying = (backend: Backend, signal = call.signal): Promise<unknown> =>
    failureOf(Promise.resolve(backend.copy?.('old', 'new', { signal })));
  const seen = (pattern: RegExp): number => proxy.seen.filter((line) => pattern.test(line)).length;
  async function left(backend: Backend): Promise<readonly string[]> {
    const files: string[] = [];
    for await (const { name } of backend.unfinished?.(call) ?? []) files.push(name);
    return files;
  }

  test('a copy that takes its time is waited for', async () => {
    await using backend = await withOld();
    proxy.set({ ...COPY, headers: PENDING }, { ...LOOK, count: 2 });
    await backend.copy?.('old', 'new', call);
    expect(seen(/^HEAD .*\/new/)).toBe(3);
    expect(await text(backend, 'new')).toBe('content');
  });

  test.each([
    ['fails', { 'x-ms-copy-status': 'failed', 'x-ms-copy-status-description': '500 InternalServerError' }],
    ['is another one by now', { ...PENDING, 'x-ms-copy-id': 'another' }],
  ])('a copy that %s on the way may be tried again, and leaves nothing', async (_title, headers) => {
    await using backend = await withOld();
    proxy.set({ ...COPY, headers: PENDING }, ABORT, { ...LOOK, headers, count: 1 });
    expect(await copying(backend)).toMatchObject({ code: 'BACKEND_ERROR', retryable: true });
    expect([seen(/comp=copy/), await names(backend)]).toEqual([1, ['old']]);
  });

  test('a copy that does not go on is given up: its original may lie in an archive', async () => {
    await using backend = await withOld();
    const client = BlobServiceClient.fromConnectionString(connectionString(proxy.origin));
    const container = client.getContainerClient(`copies-${containers}`);
    proxy.set({ ...COPY, headers: PENDING }, ABORT, { ...LOOK, count: 1000 });
    using stall = stallWatch(call.signal, 30_000);
    const [from, to] = [container.getBlobClient('old'), container.getBlobClient('new')];
    const failure = await failureOf(copyBlob(from, to, { task: 'copy', tier: undefined, stall, timeoutMs: 20 }));
    expect(failure).toBeInstanceOf(CannotCopyError);
    expect([seen(/comp=copy/), await names(backend)]).toEqual([1, ['old']]);
  });

  test('a copy that a killed run has begun is hidden, and ended by whatever takes its place', async () => {
    await using backend = await withOld();
    await backend.copy?.('old', 'new', call);
    const busy = { status: 409, headers: { 'x-ms-error-code': 'PendingCopyOperation' }, path: /\/new/, count: 1 };
    const list = {
      method: 'GET',
      path: /comp=list/,
      count: 2,
      rewrite: (xml: string) => xml.replaceAll('<CopyStatus>success<', '<CopyStatus>pending<'),
    };
    proxy.set(list);
    expect([await names(backend), await left(backend)]).toEqual([['old'], ['new']]);
    for (const [method, run] of [
      ['PUT', () => backend.copy?.('old', 'new', call)],
      ['PUT', () => backend.put('new', bodyOf('other'), call)],
      ['DELETE', () => backend.delete('new', call)],
    ] as const) {
      const headers = { ...PENDING, 'x-ms-copy-id': 'of-a-killed-run' };
      proxy.set(ABORT, { ...LOOK, headers, count: 1 }, { ...busy, method });
      await run();
      expect(seen(/comp=copy/)).toBe(1);
    }
    expect([await names(backend), await left(backend)]).toEqual([['old'], []]);
  });

  test('a copy gets the tier that an upload gets', async () => {
    await using backend = await withOld({ azureBlobTier: 'Cool' });
    proxy.set({ ...COPY, header: ['x-ms-access-tier', /^Cool$/], status: 418 });
    expect(await copying(backend)).toMatchObject({ message: expect.stringContaining('status 418') });
  });

  test('what the service refuses has the code of that', async () => {
    await using backend = await withOld();
    for (const [status, name, code, retryable] of [
      [409, 'BlobArchived', 'BACKEND_ERROR', false],
      [403, 'CannotVerifyCopySource', 'BACKEND_PERMISSION_DENIED', false],
      [404, 'CannotVerifyCopySource', 'BACKEND_NOT_FOUND', false],
      [503, 'ServerBusy', 'BACKEND_ERROR', true],
    ] as const) {
      proxy.set({ ...COPY, status, headers: { 'x-ms-error-code': name } });
      expect(await copying(backend)).toMatchObject({ code, retryable });
    }
  });

  test('a copy that is interrupted is given up, at its beginning or while it is waited for', async () => {
    for (const faults of [
      [{ ...COPY, isSilent: true }],
      [{ ...COPY, headers: PENDING }, ABORT, { ...LOOK, count: 99 }],
    ] as const) {
      await using backend = await withOld();
      proxy.set(...faults);
      const stopping = new AbortController();
      const copy = copying(backend, stopping.signal);
      await expect.poll(() => seen(/^(PUT|HEAD) .*\/new/)).toBeGreaterThan(faults.length > 1 ? 1 : 0);
      stopping.abort(new Error('stopped'));
      expect(await copy).toMatchObject({ message: 'stopped' });
      proxy.set();
      expect(await names(backend)).toEqual(['old']);
    }
  });
});
