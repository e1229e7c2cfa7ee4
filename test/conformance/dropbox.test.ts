import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Backend } from '../../src/backends/backend.ts';
import { open } from '../../src/backends/dpbx/dpbx.ts';
import { parseUrl } from '../../src/backends/url/url.ts';
import { dropboxApp, dropboxAt, startDropbox, type DropboxServer } from '../servers/dropbox.ts';
import { requireTool } from '../support/tools.ts';
import { conformance } from './conformance.ts';

describe.runIf(requireTool('openssl'))('Dropbox', () => {
  let server: DropboxServer;
  let places = 0;
  const call = { signal: new AbortController().signal };

  beforeAll(async () => {
    server = await startDropbox();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  function at(place: string): Promise<Backend> {
    return open(parseUrl(`dpbx:///${place}`), {
      ...call,
      env: { ...dropboxApp(server), ...dropboxAt(server.port) },
      settings: { sslCacertFile: server.authority },
    });
  }

  conformance('dpbx', () => at(`B%C3%BCcher/place ${++places}`), { names: 12, checksum: 'dropbox' });

  test('lists 10,000 names in pages, each once', async () => {
    const names = Array.from({ length: 10_000 }, (_, i) => `f${String(i).padStart(5, '0')}`);
    server.account.plant('/many', names, Buffer.from('x'));
    await using backend = await at('many');
    const found: string[] = [];
    for await (const { name } of backend.list(call)) found.push(name);
    expect(found).toEqual(names);
  });

  test('only the files of the folder itself are listed', async () => {
    await using backend = await at('');
    server.account.upload(Buffer.from('12345'), { path: '/five' });
    server.account.upload(Buffer.from('x'), { path: '/folder/x' });
    const found = [];
    for await (const file of backend.list(call)) found.push(file);
    expect(found).toEqual([{ name: 'five', size: 5 }]);
  });
});
