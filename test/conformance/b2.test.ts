import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { open } from '../../src/backends/b2/b2.ts';
import type { Backend } from '../../src/backends/backend.ts';
import { parseUrl } from '../../src/backends/url.ts';
import { requireB2, startB2, type B2Server } from '../servers/b2.ts';
import { conformance } from './conformance.ts';

/** Small enough that the larger bodies of the suite are sent in parts. */
const PART = 1_000_000;

describe.runIf(requireB2())("Backblaze's simulator", () => {
  let server: B2Server;
  let places = 0;
  const call = { signal: new AbortController().signal };

  beforeAll(async () => {
    server = await startB2(PART);
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const openAt = (place: string): Promise<Backend> =>
    open(parseUrl(`b2://${server.key.id}@${place}`), { ...call, env: server.env });

  conformance('b2', () => openAt(`conformance/place${++places}`), { names: 12 });

  test('lists 10,000 names in pages, each once, and no folder', async () => {
    const names = Array.from({ length: 10_000 }, (_, i) => `f${String(i).padStart(5, '0')}`);
    await using backend = await openAt('many/place');
    await server.plant('many', [...names.map((name) => `place/${name}`), 'place/folder/foreign', 'places/foreign']);
    const found: string[] = [];
    for await (const { name } of backend.list(call)) found.push(name);
    expect(found).toEqual(names);
  });
});
