import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { openBackend } from '../../src/backends/registry.ts';
import { parseUrl } from '../../src/backends/url/url.ts';
import { some } from '../support/forms.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { parseStatus } from '../support/outputs.ts';
import { duplicity, faults, good, PLAIN, put, scene, treeOf, type Scene } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { timeOfSet } from '../support/times.ts';
import { requireTool } from '../support/tools.ts';
import { RSYNC_PASSWORD, startRsyncd } from '../servers/rsyncd.ts';
import { GROUNDS, type RealPlace } from './real-places.ts';

const call = { signal: new AbortController().signal };

/** Names beside a backup that are none of its files, though some programs take them for one. */
const FOREIGN = [
  'two words.txt',
  'duplicity-full.20200101T000000Z.vol1.difftar.gz.tmp1',
  'duplicity-full.20200101T000000Z.manifest.partial',
  'duplicity-inc.txt',
];
const RECOVERY = ['duplicity-full.20200101T000000Z.vol1.difftar.gz.par2', 'x.vol0+1.par2'];

async function withDriver<T>(place: RealPlace, run: (backend: Awaited<ReturnType<typeof openBackend>>) => Promise<T>) {
  const { url, env = {}, settings = {} } = place;
  const own = { ...settings, numRetries: 1, par2Options: '-b10' };
  await using backend = await openBackend(parseUrl(url), { ...call, env: { ...process.env, ...env }, settings: own });
  return await run(backend);
}

/** As another program would see it: by a driver that has just been opened. */
function namesAt(place: RealPlace): Promise<readonly string[]> {
  return withDriver(place, async (backend) => {
    const names: string[] = [];
    for await (const { name } of backend.list(call)) names.push(name);
    return names.toSorted();
  });
}

function unfinishedAt(place: RealPlace): Promise<readonly string[]> {
  return withDriver(place, async (backend) => {
    const names: string[] = [];
    for await (const { name } of backend.unfinished?.(call) ?? []) names.push(name);
    return names.toSorted();
  });
}

function plant(place: RealPlace, names: readonly string[]): Promise<void> {
  return withDriver(place, async (backend) => {
    for (const name of names) {
      const content = randomBytes(100);
      const open = async function* () {
        yield content;
      };
      await backend.put(name, { size: content.length, open }, call);
    }
  });
}

function sceneFor({ url }: RealPlace): Scene {
  const made = { ...scene(), url };
  put(made.source, { file: 'content' });
  return made;
}

describe.each(GROUNDS.filter((ground) => ground.isThere()))('$server', (kind) => {
  const { kinds } = kind;
  // The same driver by another way of logging in.
  const ways = some(kinds, (way) => !/^(?:ncftp|webdav, redirected|swift, authentication [12])/.test(way));
  let ground: Awaited<ReturnType<typeof kind.start>>;
  beforeAll(async () => {
    ground = await kind.start();
  });
  afterAll(() => ground.stop());

  test.each(ways)(
    '%s: an upload that arrives short is noticed by the backup (44), not at the restore',
    async (kind) => {
      const place = ground.place(kind);
      const { source, url } = sceneFor(place);
      const { env } = faults({ op: 'put', match: '.vol1.', do: 'truncate', bytes: 10 });
      const words = [...PLAIN, '--num-retries', '1', ...(place.args ?? []), source, url];
      const run = await duplicity(words, { env: { ...place.env, ...env } });
      expect([run.status, run.stderr]).toEqual([44, expect.stringContaining('.vol1.difftar')]);
    },
  );

  test.each(some(ways, (way) => !/^(?:ftpes|webdav, Digest)/.test(way)))(
    '%s: a missing directory is made, deleted files are gone, and foreign names are left alone',
    async (kind) => {
      const place = ground.place(kind);
      const { url, args = [], env = {} } = place;
      const { source, dir } = sceneFor(place);
      const run = (...words: readonly string[]) => good([...words.slice(0, 1), ...args, ...words.slice(1)], { env });
      const foreign = (kind.startsWith('par2') ? FOREIGN : [...FOREIGN, ...RECOVERY]).toSorted();
      await run('full', '--current-time', String(timeOfSet(0)), source, url);
      const first = await namesAt(place);
      await plant(place, foreign);
      put(source, { file: 'other', 'two words': 'x' }, timeOfSet(0));
      await run('full', '--current-time', String(timeOfSet(1)), source, url);
      const rows = parseStatus((await run('collection-status', url)).stdout);
      expect(rows.map(({ type, volumes }) => `${type} ${volumes}`)).toEqual(['Full 1', 'Full 1']);
      await run('restore', url, `${dir}/out`);
      expect(treeOf(`${dir}/out`)).toEqual(treeOf(source));
      await run('remove-all-but-n-full', '1', '--force', url);
      const left = await namesAt(place);
      expect(first).toHaveLength(3);
      expect(left.filter((name) => first.includes(name))).toEqual([]);
      expect(left.filter((name) => foreign.includes(name))).toEqual(foreign);
      expect(left).toHaveLength(3 + foreign.length);
    },
  );

  // A bucket of S3 must be there, and with IMAP it is the mailbox: nothing else is ever made.
  test.each(ways.filter((kind) => kind !== 's3' && kind !== 'imap'))(
    '%s: a place that is not there is not made by what only reads, which says so',
    async (kind) => {
      const place = ground.place(kind);
      const { url, args = [], env = {}, settings = {} } = place;
      const status = await duplicity([...PLAIN, 'collection-status', ...args, url], { env });
      expect([status.status, status.stderr]).toEqual([0, '']);
      expect(status.stdout).toContain(' is not there. ');
      expect(status.stdout).toContain('No backup chains');
      const opening = { ...call, env: { ...process.env, ...env }, settings, makesPlace: false };
      await using backend = await openBackend(parseUrl(url), opening);
      const listing = async (): Promise<void> => {
        for await (const file of backend.list(call)) expect.fail(file.name);
      };
      await expect(listing()).rejects.toMatchObject({ code: 'BACKEND_NOT_FOUND', retryable: false });
    },
  );

  test.for(ways)(
    '%s: cleanup --force removes what a killed run left of an upload, and only of ours',
    async (kind, { skip }) => {
      const place = ground.place(kind);
      const ours = '.duplicity-full.20200101T000000Z.vol1.difftar.gz.part';
      await plant(place, [ours, '.foreign.part']);
      const left = await unfinishedAt(place);
      // Object stores know no such files, and rsync has names of its own for them.
      if (left.length === 0) skip('it leaves none');
      expect(left).toEqual([ours, '.foreign.part']);
      await good(['cleanup', '--force', ...(place.args ?? []), place.url], { env: place.env ?? {} });
      expect(await unfinishedAt(place)).toEqual(['.foreign.part']);
    },
  );

  test.for(kinds)('%s: a first connection that is lost is made again', async (kind, { skip }) => {
    if (ground.port === undefined) {
      skip('there is no connection to lose');
      return;
    }
    const proxy = await startFaultProxy(ground.port, [{ refuse: true, count: 1 }]);
    try {
      const { url, args = [], env = {} } = ground.place(kind, proxy.port);
      const run = await duplicity([...PLAIN, '--num-retries', '3', 'collection-status', ...args, url], { env });
      expect([run.status, run.stdout + run.stderr, proxy.struck]).toEqual([
        0,
        expect.stringContaining('Attempt of '),
        1,
      ]);
    } finally {
      await proxy.stop();
    }
  });
});

test.runIf(requireTool('rsync'))('rsync:: no password is in the arguments of a process', async () => {
  const dir = tempDir();
  const server = await startRsyncd(tempDir());
  try {
    const real = spawnSync('sh', ['-c', 'command -v rsync'], { encoding: 'utf8' }).stdout.trim();
    writeFileSync(`${dir}/rsync`, `#!/bin/sh\necho "$@" >> ${dir}/seen\nexec ${real} "$@"\n`, { mode: 0o755 });
    const env = { PATH: `${dir}:${process.env['PATH']}` };
    const { source } = sceneFor({ url: '' });
    const secret = encodeURIComponent(RSYNC_PASSWORD);
    await good([source, `rsync://dup:${secret}@127.0.0.1:${server.port}::secret/x`], { env });
    const seen = readFileSync(`${dir}/seen`, 'utf8');
    expect(seen).toContain('::secret/x/');
    for (const text of [RSYNC_PASSWORD, secret]) expect(seen).not.toContain(text);
  } finally {
    await server.stop();
  }
});
