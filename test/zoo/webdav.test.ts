import { describe, expect, test } from 'vitest';

import type { Backend } from '../../src/backends/backend.ts';
import { parseUrl } from '../../src/backends/url/url.ts';
import { open } from '../../src/backends/webdav/webdav.ts';
import { conformance } from '../conformance/conformance.ts';
import { bodyOf, call, failureOf, names, text } from '../conformance/driver-calls.ts';
import { startDavAnimal, type DavKind } from '../servers/zoo/webdav.ts';
import { firstBackup, life } from './life.ts';

const isHidden = (name: string): boolean => name.startsWith('.');

/** An ownCloud of old: what ends in .part is its own, and gone. */
const ownCloud: DavKind = { swallows: (name) => name.endsWith('.part') };
const noDots: DavKind = { answer: (method, name) => (method === 'PUT' && isHidden(name) ? 403 : undefined) };
/** Stores and gives back, nothing else. */
const appendOnly: DavKind = { answer: (method) => (method === 'MOVE' || method === 'DELETE' ? 403 : undefined) };
/** Answers for one depth only. */
const infinite: DavKind = {
  answer: (method, _, { headers }) => (method === 'PROPFIND' && headers['depth'] === '1' ? 403 : undefined),
};
/** Takes every depth but 0 for "infinity". */
const endless: DavKind = { tells: (usual, all, depth) => (depth === '0' ? usual : all) };

/** With its server, which ends with it. */
async function opened(kind: DavKind): Promise<Backend> {
  const server = await startDavAnimal(kind);
  const backend = await open(parseUrl(server.url('one/place')), call);
  const close = backend[Symbol.asyncDispose].bind(backend);
  return Object.assign(backend, {
    async [Symbol.asyncDispose]() {
      await close();
      await server[Symbol.asyncDispose]();
    },
  });
}

/** With the whole contract, and with a life. */
const KINDS: readonly (readonly [string, DavKind])[] = [
  ['swallows what ends in .part', ownCloud],
  ['refuses names with a leading dot', noDots],
  ['lists with all that lies below only', infinite],
];

describe.each(KINDS)('a WebDAV server that %s', (title, kind) => {
  conformance(title, () => opened(kind), { names: 30 });

  test('holds a backup for all of its life', async () => {
    await using server = await startDavAnimal(kind);
    await life(server.url('one/place'));
    expect([...server.files.keys()].filter((path) => path.includes('/.'))).toEqual([]);
  });
});

test('a WebDAV server that says that it has moved a file and has not holds a backup for all of its life', async () => {
  await using server = await startDavAnimal({ movesNothing: true });
  await life(server.url('one/place'));
  expect([...server.files.keys()].filter((path) => path.includes('/.'))).toEqual([]);
});

const without = (...statuses: readonly number[]): ((method: string) => number | undefined) => {
  let nth = 0;
  return (method) => (method === 'MOVE' ? statuses[nth++ % statuses.length] : undefined);
};

test.each<readonly [string, DavKind]>([
  ['takes every depth for all that lies below', endless],
  ['answers with nothing to depth 1', { tells: (usual, _, depth) => (depth === '1' ? [] : usual) }],
  ['does not tell of the collection itself', { tells: (usual, _, depth) => (depth === '1' ? usual.slice(1) : usual) }],
  [
    'wants no question with a PROPFIND',
    {
      answer: (method, _, { headers }) =>
        method === 'PROPFIND' && Number(headers['content-length'] ?? 0) > 0 ? 400 : undefined,
    },
  ],
  [
    'tells of no single file',
    {
      answer: (method, name, { headers }) =>
        method === 'PROPFIND' && headers['depth'] === '0' && name !== 'place' ? 405 : undefined,
    },
  ],
  ['moves nothing, in so many words', { answer: without(403) }],
  ['answers a move with what went wrong', { answer: without(207) }],
  ['has the wrong word for its refusal to move', { answer: without(500) }],
])('a WebDAV server that %s is stored to, listed and read', async (_title, kind) => {
  await using server = await startDavAnimal(kind);
  for (const path of ['/one/', '/one/place/', '/one/place/sub/']) server.files.set(path, Buffer.alloc(0));
  server.files.set('/one/place/sub/deeper', Buffer.from('another'));
  await using backend = await open(parseUrl(server.url('one/place')), call);
  expect(await names(backend)).toEqual([]);
  for (const content of ['first, which is longer', 'second']) {
    // What has the wrong word for it may pass, and is tried again.
    await backend.put('name', bodyOf(content), call).catch(() => backend.put('name', bodyOf(content), call));
  }
  expect([await names(backend), await text(backend, 'name')]).toEqual([['name'], 'second']);
  expect(await backend.stat?.('name', call)).toEqual({ name: 'name', size: 6 });
  expect(await backend.stat?.('absent', call)).toBeUndefined();
  await backend.delete('name', call);
  expect(await names(backend)).toEqual([]);
});

test('a WebDAV account that may only add files holds backups, says so once, and fails to delete with 51', async () => {
  await using server = await startDavAnimal(appendOnly);
  const { stdout } = await life(server.url('place'), { keepsAll: true });
  expect(stdout.match(/Files get their final names at once in .*lets nobody rename files/g)).toHaveLength(1);
});

test('a WebDAV server that knows files late, and loses a connection, holds a backup', async () => {
  const asked = new Set<string>();
  const answer = (method: string, name: string): number | undefined =>
    (method === 'PROPFIND' || method === 'GET') && name.includes('vol') && !asked.has(name) && asked.add(name)
      ? 404
      : undefined;
  await using server = await startDavAnimal({ answer, cutAfter: 300_000 });
  expect((await life(server.url('place'))).status).toBe(0);
});

test('a WebDAV server that keeps nothing of what it says it has stored ends the backup with an error', async () => {
  await using server = await startDavAnimal({ swallows: () => true });
  const { status, stderr } = await firstBackup(server.url('place'));
  expect(status).toBe(50);
  expect(stderr).toContain('the server says that it has stored the file, and it is not there');
});

test('a place that is read and never written is told so, and not that it is no WebDAV', async () => {
  await using backend = await opened({ answer: (method) => (/PUT|DELETE/.test(method) ? 405 : undefined) });
  for (const failing of [() => backend.put('name', bodyOf('x'), call), () => backend.delete('name', call)]) {
    expect(await failureOf(failing())).toMatchObject({
      exitCode: 51,
      hint: expect.not.stringContaining('speak WebDAV') as string,
    });
  }
});
