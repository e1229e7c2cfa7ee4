import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import type { Backend } from '../../src/backends/backend.ts';
import type { DriverOptions } from '../../src/backends/open-options.ts';
import { open as openS3 } from '../../src/backends/s3/s3.ts';
import { open as openSwift } from '../../src/backends/swift/swift.ts';
import { parseUrl } from '../../src/backends/url/url.ts';
import { CannotCopyError } from '../../src/errors/errors.ts';
import { bodyOf, call, failureOf, names, text } from '../conformance/driver-calls.ts';
import { startFaultyProxy, type FaultyProxy, type HttpFault } from '../servers/http-faults.ts';
import { requireSwift, startSwift, type SwiftServer } from '../servers/swift.ts';
import { noise } from '../support/scene.ts';

const MIB = 1024 * 1024;

describe.runIf(requireSwift())('copies by OpenStack Swift', () => {
  let server: SwiftServer;
  let proxy: FaultyProxy;
  let places = 0;

  beforeAll(async () => {
    server = await startSwift();
    proxy = await startFaultyProxy(server.port);
    await server.request('PUT', '/bucket');
  });
  beforeEach(() => proxy.set());
  afterAll(async () => {
    await proxy[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  const copying = (backend: Backend, signal = call.signal): Promise<unknown> =>
    failureOf(Promise.resolve(backend.copy?.('old', 'new', { signal, size: 7 })));

  /** What is said, and what is there, when a copy is stopped that nobody answers. */
  async function stopped(backend: Backend, fault: HttpFault): Promise<readonly unknown[]> {
    proxy.set({ ...fault, isSilent: true });
    const stopping = new AbortController();
    const copy = copying(backend, stopping.signal);
    await expect.poll(() => proxy.seen.some((line) => line.startsWith('PUT '))).toBe(true);
    stopping.abort(new Error('stopped'));
    const said = String(await copy);
    proxy.set();
    return [said, ...(await names(backend))];
  }

  describe('by its S3 API', () => {
    const COPY = { method: 'PUT', path: /\/new/, header: ['x-amz-copy-source', /./], count: 1 } as const;
    const open = (settings: DriverOptions = {}, largest?: number): Promise<Backend> =>
      openS3(
        parseUrl(`s3://bucket/${++places}`),
        { ...call, env: server.s3, settings: { s3EndpointUrl: proxy.origin, ...settings } },
        largest,
      );
    const error = (name: string): string =>
      `<?xml version="1.0"?><Error><Code>${name}</Code><Message>no</Message></Error>`;

    test('an answer of 200 that tells an error is one that may pass', async () => {
      await using backend = await open();
      await backend.put('old', bodyOf('content'), call);
      proxy.set({ ...COPY, status: 200, body: error('SlowDown') });
      expect(await copying(backend)).toMatchObject({
        retryable: true,
        message: expect.stringContaining('(SlowDown, '),
      });
      expect(await names(backend)).toEqual(['old']);
      await backend.copy?.('old', 'new', call);
      expect(await text(backend, 'new')).toBe('content');
    });

    test('an answer without a digest, or that it does not copy, is no copy, and none to try again', async () => {
      await using backend = await open();
      await backend.put('old', bodyOf('content'), call);
      for (const [answer, isForGood] of [
        // With a line behind it, which the library overlooks.
        [{ status: 200, body: `${error('InternalError')}\n` }, false],
        [{ status: 200, body: '' }, false],
        [{ status: 200, body: '<html></html>' }, false],
        [{ status: 501, body: error('NotImplemented') }, true],
        [{ status: 405, body: error('MethodNotAllowed') }, true],
      ] as const) {
        proxy.set({ ...COPY, ...answer });
        const failure = await copying(backend);
        expect(failure).toBeInstanceOf(CannotCopyError);
        expect(failure).toMatchObject({ isForGood, retryable: false });
      }
      expect(await names(backend)).toEqual(['old']);
    });

    test('what a server refuses has the code of that', async () => {
      await using backend = await open();
      for (const [status, name, code] of [
        [403, 'AccessDenied', 'BACKEND_PERMISSION_DENIED'],
        [403, 'InvalidObjectState', 'BACKEND_ERROR'],
        [400, 'InvalidRequest', 'BACKEND_ERROR'],
        [404, 'NoSuchKey', 'BACKEND_NOT_FOUND'],
      ] as const) {
        proxy.set({ ...COPY, status, body: error(name) });
        expect(await copying(backend)).toMatchObject({ code, retryable: false });
      }
    });

    test('a copy asks for the storage class and the encryption that an upload asks for', async () => {
      await using backend = await open({ s3UseIa: true, s3UseServerSideEncryption: true });
      for (const header of [
        ['x-amz-storage-class', /^STANDARD_IA$/],
        ['x-amz-server-side-encryption', /^AES256$/],
      ] as const) {
        proxy.set({ ...COPY, header, status: 418 });
        expect(await copying(backend)).toMatchObject({ message: expect.stringContaining('status 418') });
      }
    });

    test('a copy in parts of which one is refused leaves nothing', async () => {
      await using backend = await open({}, 5 * MIB);
      const size = 5 * MIB + 1;
      await backend.put('old', bodyOf(noise(size)), call);
      proxy.set({ ...COPY, path: /partNumber=2/, status: 403, body: error('AccessDenied') });
      expect(await failureOf(Promise.resolve(backend.copy?.('old', 'new', { ...call, size })))).toMatchObject({
        code: 'BACKEND_PERMISSION_DENIED',
      });
      expect(proxy.seen.filter((line) => /^DELETE .*uploadId=/.test(line))).toHaveLength(1);
      expect(await names(backend)).toEqual(['old']);
      const { length } = await (await server.request('GET', '/bucket+segments')).text();
      expect(length).toBe(0);
    });

    test('a copy that is interrupted is given up', async () => {
      await using backend = await open();
      await backend.put('old', bodyOf('content'), call);
      expect(await stopped(backend, COPY)).toEqual(['Error: stopped', 'old']);
    });
  });

  describe('by its own', () => {
    const COPY = { method: 'PUT', path: /\/new/, header: ['x-copy-from', /./], count: 1 } as const;
    const open = async (segment?: number, place = ++places): Promise<Backend> => {
      const headers = { 'X-Auth-User': 'test:tester', 'X-Auth-Key': 'testing' };
      const token = (await fetch(`${server.origin}/auth/v1.0`, { headers })).headers.get('x-auth-token') ?? '';
      const env = { SWIFT_PREAUTHURL: `${proxy.origin}/v1/AUTH_test`, SWIFT_PREAUTHTOKEN: token };
      const settings = segment === undefined ? {} : { mpSegmentSize: segment };
      return openSwift(parseUrl(`swift://copies/${place}/a b`), { ...call, env, settings });
    };
    const segments = async (place = places): Promise<readonly string[]> =>
      (await (await server.request('GET', `/copies_segments?prefix=${place}/`)).text()).split('\n').slice(0, -1);

    test('an object in segments is copied with them, and stays whole without its original', async () => {
      await using backend = await open(1000);
      const content = 'content '.repeat(300);
      await backend.put('old', bodyOf(content), call);
      // Over one that has segments as well.
      await backend.put('new', bodyOf('x'.repeat(4000)), call);
      await backend.copy?.('old', 'new', call);
      expect((await segments()).map((name) => name.split('/')[2])).toEqual(['new', 'new', 'new', 'old', 'old', 'old']);
      await backend.delete('old', call);
      expect(await text(backend, 'new')).toBe(content);
      await backend.delete('new', call);
      expect(await segments()).toEqual([]);
    });

    test('segments that fit into one object become one', async () => {
      await using small = await open(1000);
      await small.put('old', bodyOf('x'.repeat(2500)), call);
      await using large = await open(5000, places);
      await large.copy?.('old', 'new', call);
      await small.delete('old', call);
      expect([(await text(large, 'new')).length, await segments()]).toEqual([2500, []]);
    });

    test('an object that lists its own segments is copied like one of ours', async () => {
      await using backend = await open(1000);
      await backend.put('other', bodyOf('x'), call);
      const manifest: object[] = [];
      await server.request('PUT', '/copies_segments');
      for (const [i, part] of ['a'.repeat(1500), 'b'.repeat(700)].entries()) {
        const path = `/copies_segments/${places}/slo/${i}`;
        const { headers } = await server.request('PUT', path, {}, part);
        manifest.push({ path, size_bytes: part.length, etag: headers.get('etag') });
      }
      const old = `/copies/${places}/a%20b/old`;
      await server.request('PUT', `${old}?multipart-manifest=put`, {}, JSON.stringify(manifest));
      await backend.copy?.('old', 'new', call);
      await server.request('DELETE', `${old}?multipart-manifest=delete`);
      expect(await text(backend, 'new')).toBe('a'.repeat(1500) + 'b'.repeat(700));
    });

    test('a copy of segments that is refused on the way leaves none', async () => {
      await using backend = await open(1000);
      await backend.put('old', bodyOf('x'.repeat(2500)), call);
      proxy.set({ ...COPY, path: /\/00000001$/, status: 413 });
      expect(await copying(backend)).toMatchObject({ code: 'BACKEND_NO_SPACE', retryable: false });
      expect(await names(backend)).toEqual(['old']);
      expect(await segments()).toHaveLength(3);
    });

    test('the day on which an original goes is not copied', async () => {
      await using backend = await open();
      await backend.put('old', bodyOf('content'), call);
      await server.request('POST', `/copies/${places}/a%20b/old`, { 'X-Delete-After': '86400' });
      await backend.copy?.('old', 'new', call);
      const { headers } = await server.request('HEAD', `/copies/${places}/a%20b/new`);
      expect([headers.get('x-delete-at'), headers.get('content-length')]).toEqual([null, '7']);
    });

    test('an answer that is lost is asked for again, and one copy is there', async () => {
      await using backend = await open();
      await backend.put('old', bodyOf('content'), call);
      proxy.set({ ...COPY, loseReply: true });
      expect(await copying(backend)).toMatchObject({ retryable: true });
      await backend.copy?.('old', 'new', call);
      expect([await text(backend, 'new'), await names(backend)]).toEqual(['content', ['new', 'old']]);
    });

    test('a copy that is interrupted is given up', async () => {
      await using backend = await open();
      await backend.put('old', bodyOf('content'), call);
      expect(await stopped(backend, COPY)).toEqual(['Error: stopped', 'old']);
    });
  });
});
