import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';

import { describe, expect, test } from 'vitest';

import type { Backend, Body } from '../../src/backends/backend.ts';
import { openBackend } from '../../src/backends/registry.ts';
import { parseUrl } from '../../src/backends/url/url.ts';
import { withRetry } from '../../src/backends/wrap/retry.ts';
import { startRsyncd } from '../servers/rsyncd.ts';
import { startSshd } from '../servers/sshd.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { duplicity, good, noise, PLAIN } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { requireTool } from '../support/tools.ts';
import { fullCycle, sceneAt } from './cycle.ts';

const call = { signal: new AbortController().signal };
const CONTENT = noise(300_000);
const BODY: Body = {
  size: CONTENT.length,
  async *open() {
    yield CONTENT;
  },
};

function openAt(port: number, path: string): Promise<Backend> {
  return openBackend(parseUrl(`rsync://127.0.0.1:${port}::open/${path}`), { ...call, env: process.env, settings: {} });
}

/** Stores four files at once and reads them again; gives how many came back whole. */
async function throughIt(backend: Backend): Promise<number> {
  const names = ['a', 'b', 'c', 'd'];
  await Promise.all(names.map((name) => backend.put(name, BODY, call)));
  const got = await Promise.all(names.map((name) => backend.get(name, buffer, call)));
  return got.filter((bytes) => bytes.equals(CONTENT)).length;
}

describe.runIf(requireTool('rsync'))('a daemon', () => {
  test('that refuses to delete takes backups, and says so when one is to go', async () => {
    await using server = await startRsyncd(tempDir(), ['refuse options = delete']);
    await using backend = await openAt(server.port, 'kept');
    expect(await throughIt(backend)).toBe(4);
    expect(await backend.delete('a', call).catch((error: unknown) => error)).toMatchObject({
      code: 'BACKEND_PERMISSION_DENIED',
      retryable: false,
      hint: expect.stringContaining('lets nothing be deleted'),
    });
  });

  test('that takes one connection at a time gets one after the other', async () => {
    await using server = await startRsyncd(tempDir(), ['max connections = 1']);
    // Of the one before it the daemon may not know yet that it has ended.
    const policy = { tries: 10, delayMs: 100, emit: () => undefined };
    await using backend = withRetry(await openAt(server.port, 'one'), policy);
    expect(await throughIt(backend)).toBe(4);
  });

  test('that lets this machine in no more is 51', async () => {
    await using server = await startRsyncd(tempDir(), ['hosts deny = 127.0.0.1']);
    await using backend = await openAt(server.port, 'closed');
    expect(await backend.put('a', BODY, call).catch((error: unknown) => error)).toMatchObject({
      code: 'BACKEND_PERMISSION_DENIED',
      retryable: false,
    });
  });

  test('that speaks a protocol of old gets a whole backup', async () => {
    await using server = await startRsyncd(tempDir());
    const place = sceneAt(`rsync://127.0.0.1:${server.port}::open/old`);
    mkdirSync(`${server.data.open}/old`);
    const options = ['--rsync-options', '--protocol=29'];
    expect(await fullCycle(place, options, { directory: `${server.data.open}/old` })).toEqual(['Full 1']);
  });

  test('that lags and cuts the line gets a backup that can be restored', async () => {
    await using server = await startRsyncd(tempDir());
    const proxy = await startFaultProxy(server.port, [
      { skip: 1, count: 1, up: { cutAfter: 300_000 } },
      { skip: 1, count: 1, up: { cutAfter: 400_000, how: 'fin' } },
      { skip: 2, count: 1, down: { cutAfter: 100 } },
      { down: { latencyMs: 20 }, up: { latencyMs: 20 } },
    ]);
    try {
      const place = sceneAt(`rsync://127.0.0.1:${proxy.port}::open/cut`);
      writeFileSync(`${place.source}/large`, noise(1_500_000));
      await good(['full', '--volsize', '1', place.source, place.url]);
      await good(['verify', '--compare-data', place.url, place.source]);
      // A delay counts, too.
      expect(proxy.struck).toBeGreaterThan(3);
      expect(readdirSync(`${server.data.open}/cut`).filter((name) => name.startsWith('.'))).toEqual([]);
    } finally {
      await proxy.stop();
    }
  });
});

test.runIf(requireTool('rsync') && requireTool('sshd'))(
  'a server that says it has stored what it has not does not get a finished backup',
  async () => {
    const command = 'sh -c "$SSH_ORIGINAL_COMMAND"; status=$?; rm -f liar/*; exit $status';
    await using server = await startSshd(tempDir(), { command });
    const place = sceneAt(`rsync://127.0.0.1:${server.port}/liar`);
    mkdirSync(`${server.home}/liar`);
    writeFileSync(`${place.source}/file`, 'content');
    const ssh = ['--ssh-options', server.options, '--num-retries', '2'];
    const { status, stderr } = await duplicity([...PLAIN, ...ssh, 'full', place.source, place.url]);
    expect([status, stderr]).toEqual([44, expect.stringContaining('vol1')]);
    expect(readdirSync(`${server.home}/liar`)).toEqual([]);
  },
);
