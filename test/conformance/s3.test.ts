import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { open } from '../../src/backends/s3/s3.ts';
import { parseUrl } from '../../src/backends/url/url.ts';
import { requireSwift, startSwift, type SwiftServer } from '../servers/swift.ts';
import { conformance } from './conformance.ts';
import { bodyOf, call, names } from './driver-calls.ts';

describe.runIf(requireSwift())('the S3 API of OpenStack Swift', () => {
  let server: SwiftServer;
  let places = 0;

  beforeAll(async () => {
    server = await startSwift();
    await server.request('PUT', '/bucket');
  });
  afterAll(() => server[Symbol.asyncDispose]());

  conformance(
    's3',
    () =>
      open(
        parseUrl(`s3://bucket/place${++places}`),
        {
          signal: new AbortController().signal,
          env: server.s3,
          settings: { s3EndpointUrl: server.origin, s3MultipartChunkSize: 5 * 1024 * 1024 },
        },
        // In parts, the last one a small one.
        5 * 1024 * 1024,
      ),
    { names: 12, checksum: 'md5', copied: 5 * 1024 * 1024 + 7 },
  );

  test('what was changed between its hash and its way is not stored', async () => {
    await using backend = await open(parseUrl('s3://bucket/changed'), {
      signal: call.signal,
      env: server.s3,
      settings: { s3EndpointUrl: server.origin },
    });
    const contents = ['sound', 'fault'];
    const body = { size: 5, open: () => bodyOf(contents.shift() ?? '').open() };
    await expect(backend.put('f', body, call)).rejects.toMatchObject({ retryable: true });
    expect([await names(backend), contents]).toEqual([[], []]);
  });

  test('lists 10,000 names in pages, each once', async () => {
    const stored = Array.from({ length: 10_000 }, (_, i) => `f${String(i).padStart(5, '0')}`);
    await server.request('PUT', '/many');
    await server.plant('many', [...stored.map((name) => `place/${name}`), 'places/foreign']);
    const options = {
      signal: new AbortController().signal,
      env: server.s3,
      settings: { s3EndpointUrl: server.origin },
    };
    await using backend = await open(parseUrl('s3://many/place'), options);
    expect(await names(backend)).toEqual(stored);
  });
});
