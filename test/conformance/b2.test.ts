import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { open } from '../../src/backends/b2/b2.ts';
import type { Backend, Body, Bytes } from '../../src/backends/backend.ts';
import { parseUrl } from '../../src/backends/url/url.ts';
import { requireB2, startB2, type B2Server } from '../servers/b2.ts';
import { startFaultyProxy, type FaultyProxy } from '../servers/http-faults.ts';
import { run, succeeded } from '../support/processes.ts';
import { noise } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { requireTool } from '../support/tools.ts';
import { conformance } from './conformance.ts';

/** Small enough that the larger bodies of the suite are sent in parts. */
const PART = 1_000_000;

describe.runIf(requireB2())("Backblaze's simulator", () => {
  let server: B2Server;
  let proxy: FaultyProxy;
  let places = 0;
  const call = { signal: new AbortController().signal };

  beforeAll(async () => {
    server = await startB2(PART);
    proxy = await startFaultyProxy(server.port);
  });
  beforeEach(() => proxy.set());
  afterAll(async () => {
    await proxy[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  interface At {
    readonly hides?: boolean;
    readonly origin?: string;
    readonly largestCopy?: number;
  }

  function openAt(place: string, { hides = false, origin = server.origin, largestCopy }: At = {}): Promise<Backend> {
    const env = { ...server.env, B2_API_URL: origin };
    const options = { ...call, env, settings: { b2HideFiles: hides } };
    return open(parseUrl(`b2://${server.key.id}@${place}`), options, largestCopy);
  }
  const bucket = (): string => `bucket-${++places}`;

  // What is larger than a part is also copied in parts.
  conformance('b2', () => openAt(`conformance/place${++places}`, { largestCopy: PART }), {
    names: 12,
    checksum: 'sha1',
    copied: PART + 7,
  });

  test('lists 10,000 names in pages, each once, and no folder', async () => {
    const expected = Array.from({ length: 10_000 }, (_, i) => `f${String(i).padStart(5, '0')}`);
    await using backend = await openAt('many/place');
    const foreign = ['aplace/foreign', 'place/folder/foreign', 'places/foreign'];
    await server.plant('many', [...expected.map((name) => `place/${name}`), ...foreign]);
    expect(await names(backend)).toEqual(expected);
  });

  test('a bucket that is made is private, and files have the type that the reference gives them', async () => {
    const name = bucket();
    await using backend = await openAt(`${name}/a`);
    await backend.put('file', bodyOf('x'), call);
    expect(await server.bucket(name)).toEqual({
      bucketType: 'allPrivate',
      versions: [{ name: 'a/file', action: 'upload', type: 'application/pgp-encrypted', size: 1, info: {} }],
    });
  });

  test('a large file is sent in parts and carries its digest', async () => {
    const name = bucket();
    await using backend = await openAt(name, { origin: proxy.origin });
    const data = noise(2 * PART + 1);
    await backend.put('large', bodyOf(data), call);
    expect(uploads('part')).toHaveLength(3);
    const large_file_sha1 = createHash('sha1').update(data).digest('hex');
    const { versions } = await server.bucket(name);
    expect(versions).toMatchObject([{ action: 'upload', size: data.length, info: { large_file_sha1 } }]);
  });

  test('deleting removes every version, and what was left unfinished', async () => {
    const name = bucket();
    await using backend = await openAt(`${name}/a`);
    for (const content of ['first', 'second', 'third']) await backend.put('file', bodyOf(content), call);
    await server.plant(name, ['a/file2']);
    await startLarge(name, 'a/file');
    expect((await server.bucket(name)).versions).toHaveLength(5);
    await backend.delete('file', call);
    expect((await server.bucket(name)).versions.map(({ name: left }) => left)).toEqual(['a/file2']);
    expect(await names(backend)).toEqual(['file2']);
  });

  test('with --b2-hide-files a deleted file is hidden and its versions stay', async () => {
    const name = bucket();
    await using backend = await openAt(name, { hides: true });
    await backend.put('file', bodyOf('x'), call);
    for (const _ of ['hidden', 'hidden already']) await backend.delete('file', call);
    await backend.delete('absent', call);
    expect(await names(backend)).toEqual([]);
    expect((await server.bucket(name)).versions.map(({ action }) => action)).toEqual(['hide', 'upload']);
    await using hard = await openAt(name);
    await hard.delete('file', call);
    expect((await server.bucket(name)).versions).toEqual([]);
  });

  test('a token that expires is asked for again, whatever is asked next', async () => {
    await using backend = await openAt(bucket());
    await backend.put('file', bodyOf('0123456789'), call);
    const ways = [
      () => backend.get('file', textOf, call),
      () => backend.getRange?.('file', 2, 4, textOf, call),
      () => backend.stat?.('file', call),
      () => names(backend),
      () => backend.put('large', bodyOf(noise(PART + 1)), call),
      () => backend.delete('large', call),
    ];
    const answers = [];
    for (const way of ways) {
      await server.expire();
      answers.push(await way());
    }
    expect(answers).toEqual(['0123456789', '23', { name: 'file', size: 10 }, ['file'], undefined, undefined]);
  });

  test.each([
    ['401, its token has expired', { status: 401 }],
    ['408', { status: 408 }],
    ['503', { status: 503 }],
    ['the loss of the connection', { loseReply: true }],
  ] as const)('an upload that ends with %s goes to another address at once', async (_title, fault) => {
    const name = bucket();
    await using backend = await openAt(name, { origin: proxy.origin });
    proxy.set({ method: 'POST', path: /^\/upload\//, count: 1, ...fault });
    await backend.put('file', bodyOf('content'), call);
    expect(new Set(uploads('[^/]*')).size).toBe(2);
    expect(await backend.get('file', textOf, call)).toBe('content');
  });

  test('a part that fails is sent again, the others are not', async () => {
    await using backend = await openAt(bucket(), { origin: proxy.origin });
    const data = noise(3 * PART, 3);
    proxy.set(
      { method: 'POST', path: /^\/upload\/part\//, count: 1, loseReply: true },
      { method: 'POST', path: /^\/upload\/part\//, count: 1, status: 503 },
    );
    await backend.put('large', bodyOf(data), call);
    expect(uploads('part')).toHaveLength(5);
    expect(digest(await backend.get('large', collect, call))).toBe(digest(data));
  });

  test('a large file that cannot be finished is cancelled', async () => {
    const name = bucket();
    await using backend = await openAt(name, { origin: proxy.origin });
    proxy.set({ method: 'POST', path: /b2_finish_large_file/, count: 1, status: 500 });
    const failure = await backend.put('large', bodyOf(noise(PART + 1)), call).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'BACKEND_ERROR', retryable: true });
    expect((await server.bucket(name)).versions).toEqual([]);
  });

  test('bytes that change on their way to the server are sent again, and refused in the end', async () => {
    await using backend = await openAt(bucket());
    await server.damageUploads(1);
    await backend.put('file', bodyOf('content'), call);
    expect(await backend.get('file', textOf, call)).toBe('content');
    for (const body of [bodyOf('content'), bodyOf(noise(PART + 1))]) {
      await server.damageUploads(3);
      const failure = await backend.put('other', body, call).catch((error: unknown) => error);
      expect(failure).toMatchObject({ retryable: true, message: expect.stringContaining('changed on the way') });
    }
    expect(await names(backend)).toEqual(['file']);
  });

  test.each([
    ['a file', 'content'],
    ['a large file', noise(PART + 1)],
  ])('%s that changes on its way back is told', async (_title, content) => {
    await using backend = await openAt(bucket(), { origin: proxy.origin });
    await backend.put('file', bodyOf(content), call);
    proxy.set({ method: 'GET', path: /\/file$/, count: 1, flipAt: 3 });
    const failure = await backend.get('file', collect, call).catch((error: unknown) => error);
    expect(failure).toMatchObject({ retryable: true, message: expect.stringContaining('changed on the way') });
  });

  test.each(['StorageCapExceeded', 'TransactionCapExceeded'])('%s is told once', async (kind) => {
    await using backend = await openAt(bucket(), { origin: proxy.origin });
    await server.failUploads(kind);
    const failure = await backend.put('file', bodyOf('x'), call).catch((error: unknown) => error);
    const code = kind === 'StorageCapExceeded' ? 'BACKEND_NO_SPACE' : 'BACKEND_ERROR';
    expect(failure).toMatchObject({ code, retryable: false, hint: expect.stringContaining('Raise the cap') });
    expect(uploads('[^/]*')).toHaveLength(1);
  });

  test.runIf(requireTool('rclone'))('is exchanged with rclone', async () => {
    const dir = tempDir();
    const env = {
      RCLONE_CONFIG: `${dir}/none`,
      RCLONE_CONFIG_B2_TYPE: 'b2',
      RCLONE_CONFIG_B2_ACCOUNT: server.key.id,
      RCLONE_CONFIG_B2_KEY: server.key.key,
      RCLONE_CONFIG_B2_ENDPOINT: server.origin,
    };
    const rclone = async (...words: readonly string[]): Promise<string> =>
      succeeded(await run('rclone', words, { env, home: dir })).stdout;
    // Above 5 MiB, the least that it takes, rclone sends in parts.
    const files = new Map([
      ['plain', noise(1000)],
      ['odd name+ä%', noise(10)],
      ['large', noise(6_000_000)],
    ]);
    mkdirSync(`${dir}/from`);
    for (const [file, content] of files) writeFileSync(`${dir}/from/${file}`, content);
    const [theirs, ours] = [bucket(), bucket()];
    await rclone('mkdir', `b2:${theirs}`);
    await rclone('copy', '--b2-upload-cutoff', '5Mi', '--b2-chunk-size', '5Mi', `${dir}/from`, `b2:${theirs}/a/b`);

    await using reading = await openAt(`${theirs}/a/b`);
    expect(await names(reading)).toEqual([...files.keys()].toSorted());
    await using writing = await openAt(`${ours}/a/b`);
    for (const [file, content] of files) {
      expect(digest(await reading.get(file, collect, call))).toBe(digest(content));
      await writing.put(file, bodyOf(content), call);
    }
    await rclone('copy', `b2:${ours}/a/b`, `${dir}/to`);
    for (const [file, content] of files) expect(digest(readFileSync(`${dir}/to/${file}`))).toBe(digest(content));
    // By size and digest, without fetching; and what we delete is gone for it with all versions.
    await rclone('check', '--one-way', `${dir}/from`, `b2:${ours}/a/b`);
    await writing.delete('large', call);
    expect((await rclone('lsf', '--b2-versions', `b2:${ours}/a/b`)).split('\n').toSorted()).toEqual(
      ['', 'odd name+ä%', 'plain'].toSorted(),
    );
  });

  /** Addresses that bodies were sent to through the proxy. */
  function uploads(kind: string): readonly string[] {
    return proxy.seen.filter((line) => new RegExp(`^POST /upload/${kind}/`).test(line));
  }

  /** What a run that was killed leaves. */
  async function startLarge(bucketName: string, fileName: string): Promise<void> {
    const basic = Buffer.from(`${server.key.id}:${server.key.key}`).toString('base64');
    const ask = async (name: string, Authorization: string, params: object): Promise<Record<string, unknown>> => {
      const init = { method: 'POST', headers: { Authorization }, body: JSON.stringify(params) };
      return (await (await fetch(`${server.origin}/b2api/v2/${name}`, init)).json()) as Record<string, unknown>;
    };
    const { accountId, authorizationToken } = await ask('b2_authorize_account', `Basic ${basic}`, {});
    const token = String(authorizationToken);
    const { buckets } = await ask('b2_list_buckets', token, { accountId, bucketName });
    const [found] = buckets as readonly { readonly bucketId: string }[];
    await ask('b2_start_large_file', token, { bucketId: found?.bucketId, fileName, contentType: 'b2/x-auto' });
  }

  async function names(backend: Backend): Promise<string[]> {
    const found: string[] = [];
    for await (const { name } of backend.list(call)) found.push(name);
    return found.toSorted();
  }
});

function bodyOf(content: string | Buffer): Body {
  const data = Buffer.from(content);
  async function* open(): Bytes {
    yield data;
  }
  return { size: data.length, open };
}

async function collect(bytes: Bytes): Promise<Buffer> {
  const blocks: Buffer[] = [];
  for await (const block of bytes) blocks.push(block);
  return Buffer.concat(blocks);
}

async function textOf(bytes: Bytes): Promise<string> {
  return (await collect(bytes)).toString();
}

/** Megabytes compare much faster this way, and a failure stays readable. */
function digest(data: Buffer): string {
  return `${data.length} ${createHash('sha1').update(data).digest('hex')}`;
}
