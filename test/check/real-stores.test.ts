import { mkdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CheckReport } from '../../src/actions/check/report.ts';
import type { Backend } from '../../src/backends/backend.ts';
import { open as openB2 } from '../../src/backends/b2/b2.ts';
import { openBackend } from '../../src/backends/registry.ts';
import { parseUrl } from '../../src/backends/url/url.ts';
import { memoryBackend } from '../../src/testing/memory-backend.ts';
import { startApacheDav, type DavServer } from '../servers/apache-dav.ts';
import { type B2Server, requireB2, startB2 } from '../servers/b2.ts';
import { type Sshd, startSshd } from '../servers/sshd.ts';
import { requireSwift, startSwift, type SwiftServer } from '../servers/swift.ts';
import { backUp, machine, type Machine } from '../support/in-process.ts';
import { randomBytes, seeded } from '../support/random.ts';
import { put } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { requireTool } from '../support/tools.ts';
import { checked } from './store.ts';

const signal = new AbortController().signal;

/** A full backup of several volumes there. */
async function stored(backend: Backend): Promise<Machine> {
  const on = machine();
  put(on.source, { big: randomBytes(420_000, seeded(3)), small: 'x' });
  await backUp(on, backend, 0, { volsize: 128 * 1024 });
  return on;
}

/** What a check answers, and which files it fetched for that. */
async function lookedAt(on: Machine, inner: Backend, k: number): Promise<{ report: CheckReport; fetched: string[] }> {
  const fetched: string[] = [];
  const get: Backend['get'] = (name, take, call) => {
    if (!name.includes('manifest')) fetched.push(name);
    return inner.get(name, take, call);
  };
  const store = { on, backend: memoryBackend(), sound: new Map<string, Buffer>(), mend: () => undefined };
  const report = await checked(store, {}, { backend: { ...inner, get }, k });
  return { report, fetched };
}

/** Files that are fetched by two checks, one after the other. */
async function twice(backend: Backend): Promise<readonly number[]> {
  const on = await stored(backend);
  const counts: number[] = [];
  for (const k of [9, 10]) {
    const { report, fetched } = await lookedAt(on, backend, k);
    expect(report).toMatchObject({ damage: [], never: { files: 0 } });
    expect(report.now.files - report.byChecksum.files).toBe(fetched.length);
    counts.push(fetched.length);
  }
  return counts;
}

describe.runIf(requireB2())('B2', () => {
  let server: B2Server;
  beforeAll(async () => {
    server = await startB2(5 * 1024 * 1024);
  });
  afterAll(() => server[Symbol.asyncDispose]());

  test('tells the SHA-1 that the manifest has: no volume is ever fetched', async () => {
    await using backend = await openB2(parseUrl(`b2://${server.key.id}@proofs/place`), { signal, env: server.env });
    expect(await twice(backend)).toEqual([1, 0]);
  });
});

describe.runIf(requireSwift())('S3', () => {
  let server: SwiftServer;
  beforeAll(async () => {
    server = await startSwift();
    await server.request('PUT', '/bucket');
  });
  afterAll(() => server[Symbol.asyncDispose]());

  test('tells the MD5 of one part, which says nothing until the bytes were proven once', async () => {
    const settings = { s3EndpointUrl: server.origin };
    await using backend = await openBackend(parseUrl('s3://bucket/place'), { signal, env: server.s3, settings });
    expect(await twice(backend)).toEqual([4, 0]);
  });
});

describe.runIf(requireTool('apache2'))('WebDAV', () => {
  let server: DavServer;
  beforeAll(async () => {
    server = await startApacheDav(tempDir());
  });
  afterAll(() => server.stop());

  test('of Apache with ContentDigest tells the MD5 of what lies there', async () => {
    await using backend = await openBackend(parseUrl(server.url('webdav', 'basic/proofs')), { signal });
    expect(await twice(backend)).toEqual([4, 0]);
  });
});

describe.runIf(requireTool('sshd'))('sftp', () => {
  let server: Sshd;
  const dir = tempDir();
  beforeAll(async () => {
    server = await startSshd(dir, { only: 'sftp' });
  });
  afterAll(() => server.stop());

  test('of OpenSSH tells nothing: all is read each time', async () => {
    mkdirSync(`${server.home}/place`);
    const settings = { sshOptions: server.options };
    const url = parseUrl(`sftp://127.0.0.1:${server.port}/place`);
    await using backend = await openBackend(url, { signal, settings });
    expect(await twice(backend)).toEqual([4, 4]);
  });
});
