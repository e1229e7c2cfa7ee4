import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Backend, Body, Bytes } from '../../src/backends/backend.ts';
import { openBackend } from '../../src/backends/registry.ts';
import { parseUrl } from '../../src/backends/url/url.ts';
import { RSYNC_PASSWORD, startRsyncd, type Rsyncd } from '../servers/rsyncd.ts';
import { startSshd, type Sshd } from '../servers/sshd.ts';
import { isLong } from '../support/forms.ts';
import { noise } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { requireTool } from '../support/tools.ts';
import { conformance } from './conformance.ts';
import { onDisk } from './on-disk.ts';

const { signal } = new AbortController();

/** What becomes of a file whose name the server would take for a pattern, and of one that fits the pattern. */
async function storeBoth(backend: Backend, wild: string, other: string): Promise<object> {
  const bodyOf = (text: string): Body => ({
    size: text.length,
    async *open() {
      yield Buffer.from(text);
    },
  });
  const textOf = (name: string): Promise<string> =>
    backend.get(name, async (bytes) => String(await buffer(bytes)), { signal }).catch(String);
  await backend.put(other, bodyOf('the other'), { signal });
  const before = [await backend.stat?.(wild, { signal }), await textOf(wild)];
  await backend.put(wild, bodyOf('the wild one'), { signal });
  const size = (await backend.stat?.(wild, { signal }))?.size;
  const texts = [await textOf(wild), await textOf(other)];
  await backend.delete(wild, { signal });
  return { before, size, texts, after: [await textOf(wild), await textOf(other)] };
}

const ABSENT = expect.stringContaining('is no file') as string;
const APART = {
  before: [undefined, ABSENT],
  size: 12,
  texts: ['the wild one', 'the other'],
  after: [ABSENT, 'the other'],
};

describe.runIf(requireTool('rsync'))('rsync to a daemon', () => {
  const dir = tempDir();
  let server: Rsyncd;
  beforeAll(async () => {
    server = await startRsyncd(dir);
  });
  afterAll(() => server.stop());

  function open(rsyncOptions = ''): Promise<Backend> {
    const password = encodeURIComponent(RSYNC_PASSWORD);
    const url = `rsync://dup:${password}@127.0.0.1:${server.port}::secret/a/deep%20place`;
    return openBackend(parseUrl(url), { signal, env: process.env, settings: { rsyncOptions } });
  }
  conformance('rsync daemon', () => open(), {
    ...onDisk(() => `${server.data.secret}/a/deep place`),
    unfinished: '.name.aB3dEf',
  });

  test('a delete takes one file, whatever --rsync-options says of deleting', async () => {
    const directory = `${server.data.secret}/a/deep place`;
    mkdirSync(directory, { recursive: true });
    for (const name of ['first', 'second file', 'third']) writeFileSync(`${directory}/${name}`, '');
    await using backend = await open('--delete-excluded');
    await backend.delete('second file', { signal });
    const names = readdirSync(directory);
    expect(names).toEqual(expect.arrayContaining(['first', 'third']));
    expect(names).not.toContain('second file');
  });

  test('keeps to a limit in each direction, whichever side sends', async () => {
    const url = `rsync://127.0.0.1:${server.port}::open/limited`;
    const settings = { limitUpload: 150 * 1024, limitDownload: 150 * 1024 };
    await using backend = await openBackend(parseUrl(url), { signal, env: process.env, settings });
    const content = noise(150 * 1024);
    async function* bytes(): Bytes {
      yield content;
    }
    const began = performance.now();
    await backend.put('a', { size: content.length, open: bytes }, { signal });
    const between = performance.now();
    const got = await backend.get('a', buffer, { signal });
    const ended = performance.now();
    expect(got.equals(content)).toBe(true);
    expect(between - began).toBeGreaterThan(500);
    expect(ended - between).toBeGreaterThan(500);
    expect(backend.traits.parallel).toBe(1);
  });

  test('a name with wildcards is that file and no other', async () => {
    await using backend = await open();
    expect(await storeBoth(backend, '[x]file', 'xfile')).toEqual(APART);
    expect(await storeBoth(backend, '?a\\', 'qa\\')).toEqual(APART);
  });
});

describe.runIf(requireTool('rsync') && requireTool('sshd'))('rsync over ssh', () => {
  const dir = tempDir();
  let server: Sshd;
  beforeAll(async () => {
    server = await startSshd(dir);
  });
  afterAll(() => server.stop());

  function open(): Promise<Backend> {
    return openBackend(parseUrl(`rsync://127.0.0.1:${server.port}/a/place`), {
      signal,
      env: process.env,
      settings: { sshOptions: server.options },
    });
  }
  // An account that may run rrsync only has all of it in the suite: rsync-restricted.test.ts.
  if (isLong)
    conformance('rsync over ssh', open, { ...onDisk(() => `${server.home}/a/place`), unfinished: '.name.aB3dEf' });

  test('a name with wildcards is that file and no other', async () => {
    await using backend = await open();
    expect(await storeBoth(backend, '[x]file', 'xfile')).toEqual(APART);
    expect(await storeBoth(backend, '?a\\', 'qa\\')).toEqual(APART);
  });
});
