import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect, onTestFinished, test } from 'vitest';
import { openArchiveDir, type ArchiveDir } from '../cache/archive-dir.ts';
import { openRemote } from '../pipeline/remote.ts';
import { openSpool } from '../pipeline/spool.ts';
import { openTraffic, stopwatch, type Traffic, withTraffic } from '../pipeline/traffic.ts';
import { memoryBackend } from '../testing/memory-backend.ts';
import { keepRates, knownRates, restoreRate } from './rates.ts';
import type { Repository } from './repository.ts';

const MIB = 1024 * 1024;

function place(): { readonly dir: string; readonly archiveDir: ArchiveDir } {
  const dir = mkdtempSync(`${tmpdir()}/rates-`);
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return { dir, archiveDir: openArchiveDir(dir, 'a') };
}

const keep = (archiveDir: ArchiveDir, traffic: Traffic, dryRun = false): Promise<void> =>
  keepRates({ archiveDir, traffic, dryRun } as Repository);

test('time counts while any of several transfers is under way', () => {
  let now = 0;
  const watch = stopwatch(() => now);
  const ends = [watch.begin(), watch.begin()];
  now = 3;
  ends[0]?.(10);
  now = 5;
  ends[1]?.(20);
  now = 100;
  const third = watch.begin();
  now = 101;
  third(5);
  expect(watch.take()).toEqual({ bytes: 35, seconds: 6 });
  expect(watch.take()).toEqual({ bytes: 0, seconds: 0 });
});

test('what is sent and fetched is timed, small files left out, and kept for later runs', async () => {
  const { dir, archiveDir } = place();
  const memory = memoryBackend();
  using spool = openSpool([dir]);
  const traffic = openTraffic();
  const call = { signal: new AbortController().signal };
  const remote = withTraffic(openRemote({ backend: memory, spool, call, tries: 1 }), traffic);
  writeFileSync(`${dir}/large`, Buffer.alloc(2 * MIB));
  writeFileSync(`${dir}/small`, Buffer.alloc(1000));
  for (const name of ['large', 'small']) {
    await remote.put(name, `${dir}/${name}`);
    remote.learn({ name, size: name === 'large' ? 2 * MIB : 1000 });
    (await remote.fetch(name)).release();
  }
  const [sent, fetched] = [traffic.upload.take(), traffic.download.take()];
  expect([sent.bytes, fetched.bytes]).toEqual([2 * MIB, 2 * MIB]);
  expect(sent.seconds).toBeGreaterThan(0);

  traffic.download.add({ bytes: 8 * MIB, seconds: 2 });
  traffic.upload.add({ bytes: 1000, seconds: 2 });
  await keep(archiveDir, traffic, true);
  expect(knownRates({ archiveDir })).toEqual({});
  traffic.download.add({ bytes: 8 * MIB, seconds: 2 });
  await keep(archiveDir, traffic);
  expect(knownRates({ archiveDir })).toEqual({ download: 4 * MIB });
  traffic.download.add({ bytes: 8 * MIB, seconds: 1 });
  traffic.read.add({ bytes: 8 * MIB, seconds: 4 });
  await keep(archiveDir, traffic);
  expect(JSON.parse(readFileSync(`${dir}/a/rates.json`, 'utf8'))).toEqual({ v: 1, download: 6 * MIB, read: 2 * MIB });
});

test.each([
  ['nothing', ''],
  ['no JSON', '{'],
  ['something else', '[1]'],
  ['a later version', '{"v":2,"read":5}'],
  ['odd numbers', '{"v":1,"read":-1,"download":"fast","upload":null}'],
])('a file with %s tells nothing', (_what, text) => {
  const { dir, archiveDir } = place();
  writeFileSync(`${dir}/a/rates.json`, text);
  expect(knownRates({ archiveDir })).toEqual({});
});

test('the slower of line and reading decides, and uploads only where nothing else is known', () => {
  expect(restoreRate({ download: 5, read: 7, upload: 1 })).toBe(5);
  expect(restoreRate({ download: 9, read: 7 })).toBe(7);
  expect(restoreRate({ read: 7, upload: 1 })).toBe(7);
  expect(restoreRate({ upload: 1 })).toBe(1);
  expect(restoreRate({})).toBeUndefined();
});
