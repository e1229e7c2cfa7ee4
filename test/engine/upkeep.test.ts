import { mkdirSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { cleanup } from '../../src/actions/remove/cleanup.ts';
import { removeOld } from '../../src/actions/remove/remove-old.ts';
import { replicate } from '../../src/actions/replicate/replicate.ts';
import { collectionStatus } from '../../src/actions/status/collection-status.ts';
import { validateBackend } from '../../src/actions/validate/validate-backend.ts';
import { encodingOf } from '../../src/cli/engine-options.ts';
import { defaultSettings } from '../../src/cli/settings.ts';
import { openRemote } from '../../src/pipeline/remote.ts';
import { type MemoryBackend, memoryBackend } from '../../src/testing/memory-backend.ts';
import { ask, backUp, type Machine, machine } from '../support/in-process.ts';
import { timeOfSet } from '../support/times.ts';

const encoding = { ...encodingOf(defaultSettings()), encryption: false };
const times = [0, 1, 2].map(timeOfSet);
let on: Machine;
let place: MemoryBackend;

/** A full, an increment and another full. */
beforeAll(async () => {
  on = machine();
  place = memoryBackend();
  mkdirSync(on.source);
  for (const k of [0, 1, 2]) {
    writeFileSync(`${on.source}/file-${k}`, String(k));
    await backUp(on, place, k, k === 2 ? { fullIfOlderThan: timeOfSet(2) } : {});
  }
});

describe('an action answers with a value', () => {
  test('the status: chains, and all bytes that are stored', async () => {
    const { chains, orphaned, incomplete, stray, lastFull } = await ask(on, place, collectionStatus);
    expect(chains.map(({ isActive, sets }) => [isActive, sets.map(({ type, end }) => `${type} ${end}`)])).toEqual([
      [false, [`full ${times[0]}`, `inc ${times[1]}`]],
      [true, [`full ${times[2]}`]],
    ]);
    const sets = chains.flatMap((chain) => chain.sets);
    expect(sets.every(({ isComplete, isEncrypted, volumes }) => isComplete && !isEncrypted && volumes === 1)).toBe(
      true,
    );
    const stored = [...place.files.values()].reduce((sum, { length }) => sum + length, 0);
    expect(sets.reduce((sum, { bytes = NaN }) => sum + bytes, 0)).toBe(stored);
    expect({ orphaned, incomplete, stray, lastFull }).toEqual({
      orphaned: [],
      incomplete: [],
      stray: { remote: [], local: [] },
      lastFull: times[2],
    });
  });

  test('a copy: the sets that were lacking, and no more of them', async () => {
    const copy = memoryBackend();
    const there = machine();
    const copied = (dryRun: boolean) =>
      ask(there, copy, (repository) => {
        const { spool, call, tries } = repository;
        const origin = { backend: place, remote: openRemote({ backend: place, spool, call, tries }) };
        return replicate({ ...repository, dryRun }, { origin, before: times[2], encoding });
      });
    const sets = [
      { type: 'full', start: times[0], end: times[0] },
      { type: 'inc', start: times[0], end: times[1] },
    ];
    expect(await copied(true)).toEqual({ found: 2, copied: sets, isPlanned: true });
    expect(copy.files.size).toBe(0);
    expect(await copied(false)).toEqual({ found: 2, copied: sets, isPlanned: false });
    expect(await copied(false)).toEqual({ found: 2, copied: [], isPlanned: false });
  });

  test('a removal: the plan, carried out only with force', async () => {
    const rest = memoryBackend();
    for (const [name, content] of place.files) rest.files.set(name, content);
    const remove = (force: boolean) =>
      ask(on, rest, (repository) => removeOld(repository, { what: { kind: 'allButNFull', count: 1 }, force }));
    const planned = await remove(false);
    expect([planned.plan.times, planned.isRemoved, rest.files.size]).toEqual([[times[1]], false, place.files.size]);
    const removed = await remove(true);
    expect([removed.plan, removed.isRemoved]).toEqual([planned.plan, true]);
    const left = await ask(on, rest, collectionStatus);
    expect(left.chains.map(({ start }) => start)).toEqual([times[2]]);
    expect((await remove(true)).plan.times).toEqual([]);
  });

  test('a cleanup: the files, gone only with force', async () => {
    const littered = memoryBackend();
    const volume = 'duplicity-full.20200101T000000Z.vol1.difftar.gz';
    littered.files.set(volume, Buffer.alloc(100));
    const clean = (force: boolean) => ask(machine(), littered, (repository) => cleanup(repository, { force }));
    expect(await clean(false)).toEqual({ files: [volume], isRemoved: false });
    expect([...littered.files.keys()]).toEqual([volume]);
    expect(await clean(true)).toEqual({ files: [volume], isRemoved: true });
    expect(await clean(true)).toEqual({ files: [], isRemoved: false });
  });

  test('a check of a place: each thing that was tried', async () => {
    const good = await ask(machine(), memoryBackend(), validateBackend);
    expect([good.isGood, good.checks.every(({ isGood, code }) => isGood && code === undefined)]).toEqual([true, true]);
    const forgetful = { ...memoryBackend(), delete: () => Promise.resolve() };
    const bad = await ask(machine(), forgetful, validateBackend);
    expect(bad.isGood).toBe(false);
    expect(bad.checks.filter(({ isGood }) => !isGood)).toEqual([
      {
        title: 'what is deleted is gone, and deleting it again is no error',
        isGood: false,
        detail: 'a deleted file is still listed',
        hint: undefined,
        code: 'BACKEND_ERROR',
      },
    ]);
  });
});
