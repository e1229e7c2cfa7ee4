import { beforeEach, expect, test } from 'vitest';
import { act, type Machine, machine } from '../../../test/support/in-process.ts';
import { noise, put } from '../../../test/support/scene.ts';
import { timeOfSet } from '../../../test/support/times.ts';
import { backupOptions } from '../../cli/run/backup.ts';
import type { Settings } from '../../cli/settings.ts';
import { type MemoryBackend, memoryBackend } from '../../testing/memory-backend.ts';
import { bytePath } from '../../util/bytepath.ts';
import { backup } from './backup.ts';
import type { BackupResult } from './result.ts';

const VOLUME = 1024 * 1024;
/** Three volumes. */
const LARGE = noise(2.5 * VOLUME);

let on: Machine;
let remote: MemoryBackend;
beforeEach(() => {
  on = machine();
  remote = memoryBackend();
  put(on.source, { large: LARGE, small: 'one' });
});

/** What the action answers as set `k`, as it comes out of JSON, and the kinds of what it says. */
async function backUp(
  k: number,
  settings: Partial<Settings> = {},
): Promise<{ readonly result: BackupResult; readonly said: ReadonlySet<string> }> {
  let result: BackupResult | undefined;
  const request = { action: 'backup', source: bytePath(on.source), url: 'memory://' } as const;
  const events = await act(on, remote, k, { volsize: VOLUME, ...settings }, async (repository) => {
    result = await backup(repository, backupOptions(repository.settings, request));
    return 0;
  });
  return { result: JSON.parse(JSON.stringify(result)) as BackupResult, said: new Set(events.map(({ kind }) => kind)) };
}

test('a backup answers which set it has written, its volumes and what it counted', async () => {
  const full = await backUp(0);
  expect(full.result).toMatchObject({
    kind: 'stored',
    set: { type: 'full', start: timeOfSet(0), end: timeOfSet(0) },
    volumes: 3,
    errors: 0,
    statistics: { sourceFiles: 3, newFiles: 3, deltaEntries: 3 },
  });
  put(on.source, { small: 'two' }, timeOfSet(0));
  const inc = await backUp(1);
  expect(inc.result).toMatchObject({
    kind: 'stored',
    set: { type: 'inc', start: timeOfSet(0), end: timeOfSet(1) },
    volumes: 1,
    statistics: { sourceFiles: 3, changedFiles: 1, deltaEntries: 2 },
  });
});

test('what it answers is left to others to say', async () => {
  const { said } = await backUp(0, { noPrintStatistics: false, jsonstat: true });
  expect(said).not.toContain('statistics');
  expect(said).not.toContain('forced');
});

test('one that found nothing new answers that it has written no set', async () => {
  await backUp(0);
  const { result } = await backUp(1, { skipIfNoChange: true });
  expect(result).toMatchObject({ kind: 'skipped', volumes: 0, statistics: { sourceFiles: 3, deltaEntries: 0 } });
  expect(result.set).toBeUndefined();
});

test('a dry run answers the set that would be written', async () => {
  await backUp(0);
  put(on.source, { another: 'three' }, timeOfSet(0));
  const stood = [...remote.files.keys()];
  const { result } = await backUp(1, { dryRun: true });
  expect(result).toMatchObject({
    kind: 'planned',
    set: { type: 'inc', start: timeOfSet(0), end: timeOfSet(1) },
    volumes: 0,
    statistics: { sourceFiles: 4, deltaEntries: 2 },
  });
  expect([...remote.files.keys()]).toEqual(stood);
});

test('what an interrupted run left is part of the set that goes on with it', async () => {
  await expect(backUp(0, { failOnVolume: 1 })).rejects.toThrow('volume 1');
  const planned = await backUp(1, { dryRun: true });
  expect(planned.result).toMatchObject({
    kind: 'planned',
    set: { type: 'full', start: timeOfSet(0), end: timeOfSet(0) },
  });
  const { result } = await backUp(1);
  expect(result).toMatchObject({
    kind: 'stored',
    set: { type: 'full', start: timeOfSet(0), end: timeOfSet(0) },
    volumes: 3,
  });
});
