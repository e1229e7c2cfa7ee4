import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Backend } from '../../src/backends/backend.ts';
import type { OpenOptions } from '../../src/backends/open-options.ts';
import { openBackend } from '../../src/backends/registry.ts';
import { parseUrl } from '../../src/backends/url/url.ts';
import { withListedNames } from '../../src/backends/wrap/listed-names.ts';
import { withRetry } from '../../src/backends/wrap/retry.ts';
import { type MemoryBackend, memoryBackend } from '../../src/testing/memory-backend.ts';
import { startFaultyProxy, type FaultyProxy } from '../servers/http-faults.ts';
import { S3, zooOf } from '../servers/http-zoo.ts';
import { requireSwift, startSwift, type SwiftServer } from '../servers/swift.ts';
import { startSftpAnimal, type SftpKind } from '../servers/zoo/sftp.ts';
import { startDavAnimal, type DavKind } from '../servers/zoo/webdav.ts';
import { openOptions } from '../support/open-options.ts';
import { tempDir } from '../support/temp.ts';
import { contents, copyOf, mirrored, namesOf, threeSets } from './places.ts';

let sets: MemoryBackend;
beforeAll(async () => {
  sets = await threeSets();
});

/** As a run opens it. */
async function opened(url: string, options: Partial<OpenOptions>): Promise<Backend> {
  const driver = await openBackend(parseUrl(url), openOptions({ env: {}, ...options, makesPlace: true }));
  return withRetry(withListedNames(driver), { tries: 3, delayMs: 0, emit: () => undefined });
}

/** All goes there, nothing twice, comes back as it was, and goes where it is gone. */
async function keepsAll(open: () => Promise<Backend>): Promise<readonly unknown[]> {
  const here = copyOf(sets);
  await using first = await open();
  await mirrored(here, first, { concurrency: 2 });
  await using second = await open();
  expect((await mirrored(here, second)).copied).toEqual([]);
  const back = memoryBackend();
  await mirrored(second, back);
  expect(contents(back)).toEqual(contents(sets));
  for (const k of [0, 1]) for (const name of namesOf(sets, k)) here.files.delete(name);
  await using third = await open();
  expect((await mirrored(here, third, { deletes: true })).deleted).toHaveLength(2);
  const left = memoryBackend();
  await mirrored(third, left);
  return [contents(left), contents(here)];
}

/** Says that it has stored a volume, and has not: the set does not appear. A better server gets what is lacking. */
async function mendsALie(open: (lies: boolean) => Promise<Backend>): Promise<readonly unknown[]> {
  await using liar = await open(true);
  await expect(mirrored(sets, liar)).rejects.toMatchObject({
    code: expect.stringMatching(/VOLUME_WRONG_SIZE|BACKEND_/) as string,
  });
  await using better = await open(false);
  const found: string[] = [];
  for await (const { name } of better.list({ signal: new AbortController().signal })) found.push(name);
  expect(found.filter((name) => name.includes('manifest'))).toEqual([]);
  await mirrored(sets, better);
  const back = memoryBackend();
  await mirrored(better, back);
  return [contents(back), contents(sets)];
}

describe('an SFTP server', () => {
  let kind: SftpKind = {};
  const all: SftpKind = {
    answer: (request, name) => kind.answer?.(request, name),
    swallows: (name) => kind.swallows?.(name) === true,
    hides: (name) => kind.hides?.(name) === true,
  };
  const at = (url: string): Promise<Backend> =>
    opened(url, {
      settings: { sshOptions: `-oStrictHostKeyChecking=accept-new -oUserKnownHostsFile=${tempDir()}/known` },
    });

  test('that cuts, hides names with a dot and renames nothing keeps a second place', async () => {
    await using server = await startSftpAnimal({ ...all, cutAfter: 3000 });
    kind = { hides: (name) => name.startsWith('.'), answer: (request) => (request === 'RENAME' ? 3 : undefined) };
    const [found, wanted] = await keepsAll(() => at(server.url('place')));
    expect(found).toEqual(wanted);
  });

  test('that swallows a volume is found out, and mended', async () => {
    await using server = await startSftpAnimal(all);
    const [found, wanted] = await mendsALie((lies) => {
      kind = lies ? { swallows: (name) => name.includes('.vol2.') } : {};
      return at(server.url('place'));
    });
    expect(found).toEqual(wanted);
  });
});

describe('a WebDAV server', () => {
  let kind: DavKind = {};
  const all: DavKind = { swallows: (name) => kind.swallows?.(name) === true };

  test('that cuts, and swallows what ends in .part, keeps a second place', async () => {
    await using server = await startDavAnimal({ ...all, cutAfter: 3000 });
    kind = { swallows: (name) => name.endsWith('.part') };
    const [found, wanted] = await keepsAll(() => opened(server.url('one/place'), {}));
    expect(found).toEqual(wanted);
  });

  test('that swallows a volume is found out, and mended', async () => {
    await using server = await startDavAnimal(all);
    const [found, wanted] = await mendsALie((lies) => {
      kind = lies ? { swallows: (name) => name.includes('.vol2.') } : {};
      return opened(server.url('one/place'), {});
    });
    expect(found).toEqual(wanted);
  });
});

describe.runIf(requireSwift())('an S3 server', () => {
  let server: SwiftServer;
  let proxy: FaultyProxy;
  const zoo = zooOf(S3);
  beforeAll(async () => {
    server = await startSwift();
    await server.request('PUT', '/bucket');
    proxy = await startFaultyProxy(server.port);
  });
  afterAll(async () => {
    await proxy[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });
  const at = (place: string): Promise<Backend> =>
    opened(`s3://bucket/${place}`, { env: server.s3, settings: { s3EndpointUrl: proxy.origin } });

  test('that loses answers and cuts contents keeps a second place', async () => {
    const [found, wanted] = await keepsAll(() => {
      proxy.set(...zoo.cutting(), ...zoo.lagging(0));
      return at('kept');
    });
    expect(found).toEqual(wanted);
  });

  test('that takes what it has not is found out, and mended', async () => {
    const [found, wanted] = await mendsALie((lies) => {
      proxy.set(...(lies ? zoo.losing() : []));
      return at('lost');
    });
    expect(found).toEqual(wanted);
  });
});
