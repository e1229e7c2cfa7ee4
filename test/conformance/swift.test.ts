import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Backend } from '../../src/backends/backend.ts';
import { open as openPca } from '../../src/backends/pca/pca.ts';
import { open } from '../../src/backends/swift/swift.ts';
import { parseUrl } from '../../src/backends/url/url.ts';
import { requireSwift, startSwift, type SwiftServer } from '../servers/swift.ts';
import { conformance } from './conformance.ts';

describe.runIf(requireSwift())('OpenStack Swift', () => {
  let server: SwiftServer;
  let places = 0;
  const call = { signal: new AbortController().signal };

  beforeAll(async () => {
    server = await startSwift();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const place = (): string => `container/place${++places}`;

  conformance('swift', () => open(parseUrl(`swift://${place()}`), { ...call, env: server.v1 }), {
    names: 12,
    checksum: 'md5',
  });

  test('lists 10,000 names in pages, each once', async () => {
    const names = Array.from({ length: 10_000 }, (_, i) => `f${String(i).padStart(5, '0')}`);
    await using backend = await open(parseUrl('swift://many/place'), { ...call, env: server.v1 });
    await server.plant('many', [...names.map((name) => `place/${name}`), 'places/foreign']);
    expect(await namesIn(backend)).toEqual(names);
  });

  async function namesIn(backend: Backend): Promise<string[]> {
    const found: string[] = [];
    for await (const { name } of backend.list(call)) found.push(name);
    return found;
  }
  void openPca;
});
