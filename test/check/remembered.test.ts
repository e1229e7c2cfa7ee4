import { appendFileSync, readFileSync, rmSync } from 'node:fs';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Backend } from '../../src/backends/backend.ts';
import { takeLock } from '../../src/cache/lock/lock.ts';
import { BackendError } from '../../src/errors/errors.ts';
import { deleteFiles } from '../../src/actions/remove/delete-files.ts';
import { act, backUp } from '../support/in-process.ts';
import { timeOfSet } from '../support/times.ts';
import { checked, copies, damaged, flip, makeStore, type Store } from './store.ts';

let store: Store;
beforeAll(async () => {
  store = await makeStore();
});
afterEach(() => store.mend());

const provable = (): readonly string[] => [...store.sound.keys()].filter((name) => !name.includes('manifest'));
const named = (part: RegExp): string => [...store.sound.keys()].toSorted().find((name) => part.test(name)) ?? '';

/** The store, and how often each file of it was fetched. */
function counting(): { readonly backend: Backend; readonly fetched: Map<string, number> } {
  const fetched = new Map<string, number>();
  const get: Backend['get'] = (name, take, call) => {
    if (!name.includes('manifest')) fetched.set(name, (fetched.get(name) ?? 0) + 1);
    return store.backend.get(name, take, call);
  };
  return { backend: { ...store.backend, get }, fetched };
}

test('four runs of 25 percent prove all, and each reads a quarter', async () => {
  const seen = counting();
  const total = provable().reduce((sum, name) => sum + (store.sound.get(name)?.length ?? 0), 0);
  let first: readonly string[] = [];
  for (let run = 1; run <= 4; run++) {
    const { now, never } = await checked(store, { percent: 25 }, { k: 9 + run, backend: seen.backend });
    expect(now.bytes).toBeLessThan(total * 0.35);
    expect(never.files === 0).toBe(run === 4);
    if (run === 1) first = [...seen.fetched.keys()];
  }
  expect([...seen.fetched.keys()].toSorted()).toEqual(provable().toSorted());
  // What was read first is the oldest by now.
  const fifth = counting();
  await checked(store, { percent: 1 }, { k: 20, backend: fifth.backend });
  expect(first).toEqual(expect.arrayContaining([...fifth.fetched.keys()]));
  expect(fifth.fetched.size).toBe(1);
});

test('a budget is kept, and one file at least is read', async () => {
  const { now } = await checked(store, { budget: 450_000 });
  expect(now.bytes).toBeLessThanOrEqual(450_000);
  expect(now.files).toBeGreaterThan(1);
  expect((await checked(store, { budget: 1 })).now.files).toBe(1);
});

test('only what was not proven since a time is read', async () => {
  await checked(store, { percent: 50 }, { k: 10 });
  const before = counting();
  const report = await checked(store, { notSince: timeOfSet(9) }, { k: 11, backend: before.backend });
  expect(report.never.files).toBe(0);
  expect(report.before.files + before.fetched.size).toBe(provable().length);
  expect((await checked(store, { notSince: timeOfSet(9) }, { k: 11 })).now.files).toBe(0);
});

test('one set is looked at with those that it builds on, and damage elsewhere is not', async () => {
  const damage = named(/inc\.20231117.*vol1/);
  flip(store, damage, 99_999);
  expect(await checked(store, { time: timeOfSet(1) })).toMatchObject({ sets: 2, damage: [] });
  expect(damaged(await checked(store, { time: timeOfSet(5) }))).toEqual([damage]);
});

test('a file whose size is another than when it was proven is read first', async () => {
  await checked(store);
  const cut = named(/inc\.20231118.*vol2/);
  store.backend.files.set(cut, (store.sound.get(cut) ?? Buffer.alloc(0)).subarray(1));
  expect(damaged(await checked(store, { budget: 1 }, { k: 10 }))).toEqual([cut]);
});

test('a run that is cut off has written down what it has proven', async () => {
  const { backend } = counting();
  let left = 9;
  const get: Backend['get'] = (name, take, call) => {
    if (!name.includes('manifest') && left-- === 0) throw new Error('killed');
    return backend.get(name, take, call);
  };
  await expect(checked(store, {}, { backend: { ...backend, get } })).rejects.toThrow('killed');
  expect((await checked(store, { notSince: 0 }, { k: 10 })).before.files).toBeGreaterThanOrEqual(6);
});

test('a dry run reads nothing and writes nothing down', async () => {
  const seen = counting();
  const report = await checked(store, {}, { backend: seen.backend, settings: { dryRun: true } });
  expect(report).toMatchObject({ isPlanned: true, now: { files: provable().length }, damage: [] });
  expect(seen.fetched.size).toBe(0);
  expect((await checked(store, { percent: 1 }, { settings: { dryRun: true } })).before.files).toBe(0);
});

describe('what the store tells', () => {
  const told = (algorithm: string, hexOf: (name: string) => string, seen = counting()) => ({
    seen,
    backend: { ...seen.backend, checksum: async (name: string) => ({ algorithm, hex: hexOf(name) }) },
  });
  const sha1Of = (name: string): string => {
    const text = store.sound.get(name.replace(/\.vol.*/, '.manifest'))?.toString('latin1') ?? '';
    const number = /\.vol(\d+)\./.exec(name)?.[1] ?? '';
    return new RegExp(`Volume ${number}:[^]*?SHA1 (\\w+)`).exec(text)?.[1] ?? '';
  };

  test('of SHA-1 is compared with the manifest, and no volume is fetched, unless that is wanted', async () => {
    const { backend, seen } = told('sha1', sha1Of);
    const report = await checked(store, {}, { backend });
    expect(report.byChecksum.files).toBe([...store.sound.keys()].filter((name) => name.includes('.vol')).length);
    expect([...seen.fetched.keys()].every((name) => name.includes('sigtar'))).toBe(true);
    const all = told('sha1', sha1Of);
    await checked(store, { readsData: true }, { backend: all.backend });
    expect([...all.seen.fetched.keys()].toSorted()).toEqual(provable().toSorted());
  });

  test('of anything else is compared with what it told when the bytes were proven', async () => {
    const first = told('md5', (name) => `tag of ${name}`);
    expect((await checked(store, {}, { backend: first.backend })).byChecksum.files).toBe(0);
    const second = told('md5', (name) => `tag of ${name}`);
    expect((await checked(store, {}, { backend: second.backend })).byChecksum.files).toBe(provable().length);
    expect(second.seen.fetched.size).toBe(0);
  });

  test('convicts nobody: what does not fit is read', async () => {
    const { backend } = told('sha1', () => 'f'.repeat(40));
    expect(await checked(store, {}, { backend })).toMatchObject({ damage: [], byChecksum: { files: 0 } });
  });
});

describe('a store that others work on', () => {
  test('may lose sets meanwhile: they are removed, not damaged', async () => {
    const { backend } = counting();
    const get: Backend['get'] = (name, take, call) => {
      if (name.includes('.vol'))
        for (const other of store.sound.keys()) if (/2023111[45]/.test(other)) store.backend.files.delete(other);
      return backend.get(name, take, call);
    };
    const report = await checked(store, {}, { backend: { ...backend, get } });
    expect(report.damage).toEqual([]);
    expect(report.removed.length).toBeGreaterThanOrEqual(2);
  });

  test('gets its backup meanwhile, which is not looked at', async () => {
    let isMade = false;
    const get: Backend['get'] = async (name, take, call) => {
      if (name.includes('.vol') && !isMade) {
        isMade = true;
        await backUp(store.on, store.backend, 6, { volsize: 128 * 1024 });
      }
      return store.backend.get(name, take, call);
    };
    const report = await checked(store, {}, { backend: { ...store.backend, get } });
    expect(report).toMatchObject({ sets: 6, damage: [] });
    expect((await checked(store)).sets).toBe(7);
    // Two of one process do not get the lock at once.
    using lock = await takeLock(store.on.archive);
    void lock;
    await expect(checked(store)).rejects.toMatchObject({ code: 'USER_ERROR' });
  });

  test('may have files that cannot be fetched: they are damaged', async () => {
    const bad = named(/inc\.20231114.*vol1/);
    const get: Backend['get'] = (name, take, call) => {
      if (name === bad) throw new BackendError('BACKEND_ERROR', 'bad sector', { retryable: true });
      return store.backend.get(name, take, call);
    };
    const { damage } = await checked(store, {}, { backend: { ...store.backend, get } });
    expect(damage).toMatchObject([{ file: bad, reason: expect.stringContaining('bad sector') }]);
  });

  test('and when the store itself fails, the run does', async () => {
    let isDown = false;
    const get: Backend['get'] = (name, take, call) => {
      isDown ||= name.includes('vol3');
      if (isDown) throw new BackendError('BACKEND_ERROR', 'no route', { retryable: true });
      return store.backend.get(name, take, call);
    };
    const list: Backend['list'] = (call) => {
      if (isDown) throw new BackendError('BACKEND_ERROR', 'no route', { retryable: true });
      return store.backend.list(call);
    };
    await expect(checked(store, {}, { backend: { ...store.backend, get, list } })).rejects.toThrow('no route');
  });

  test('and that does not let us read ends the run with its error', async () => {
    const get: Backend['get'] = (name, take, call) => {
      if (!name.includes('vol')) return store.backend.get(name, take, call);
      throw new BackendError('BACKEND_PERMISSION_DENIED', 'not yours', { retryable: false });
    };
    await expect(checked(store, {}, { backend: { ...store.backend, get } })).rejects.toMatchObject({
      code: 'BACKEND_PERMISSION_DENIED',
    });
  });
});

describe('sets that this machine has made', () => {
  const note = (record: object): void =>
    appendFileSync(`${store.on.archive}/ledger.jsonl`, `${JSON.stringify(record)}\n`);
  const key = (k: number): string => `inc ${timeOfSet(k - 1)} ${timeOfSet(k)}`;
  const made = (k: number, manifest: string): object => ({
    what: 'made',
    at: timeOfSet(k),
    set: key(k),
    volumes: 3,
    manifest,
  });

  const stampOf = (k: number): string => new Date(timeOfSet(k) * 1000).toISOString().replaceAll(/[-:]|\.000/g, '');

  function lose(k: number): void {
    for (const name of store.sound.keys()) if (name.includes(`to.${stampOf(k)}`)) store.backend.files.delete(name);
  }

  test('are damage when they vanish, without the archive dir knowing more than that', async () => {
    note(made(5, 'x'));
    lose(5);
    const first = await checked(store);
    expect(first.damage).toMatchObject([{ kind: 'missing', part: 'set', set: { end: timeOfSet(5) } }]);
    note({ what: 'removed', at: timeOfSet(6), set: key(5) });
    // Its manifest still lies in the archive dir: it was the newest of all.
    expect((await checked(store)).damage).toHaveLength(1);
  });

  test('are none any more once that is said, or when this machine removes them', async () => {
    for (const k of [4, 5]) note(made(k, 'x'));
    const removed = [...store.sound.keys()].filter((name) => name.includes(`to.${stampOf(5)}`));
    const files = removed.toReversed().map((name) => ({ place: 'remote', name }) as const);
    await act(store.on, store.backend, 9, {}, async (session) => {
      await deleteFiles(session, files);
      return 0;
    });
    for (const name of copies(store)) if (name.includes(stampOf(5))) rmSync(`${store.on.archive}/${name}`);
    lose(4);
    expect((await checked(store)).damage.map(({ set }) => set.end)).toEqual([timeOfSet(4)]);
    for (const name of copies(store)) if (name.includes(stampOf(4))) rmSync(`${store.on.archive}/${name}`);
    expect((await checked(store, { forgetsMissing: true })).damage).toEqual([]);
    expect((await checked(store)).damage).toEqual([]);
  });

  test('are damage when another manifest stands in the place of theirs', async () => {
    note(made(5, '0'.repeat(40)));
    const { damage } = await checked(store);
    expect(damage).toMatchObject([
      { kind: 'changed', part: 'manifest', place: 'remote' },
      { kind: 'changed', part: 'manifest', place: 'local' },
    ]);
  });

  test('a ledger with damaged lines is read as far as that goes', async () => {
    note({ what: 'proven', at: 'soon' });
    appendFileSync(`${store.on.archive}/ledger.jsonl`, '{"what":"made","at');
    expect((await checked(store)).damage).toEqual([]);
    expect(readFileSync(`${store.on.archive}/ledger.jsonl`, 'utf8')).toMatch(/"made","at\n\{"what":"proven"/);
  });
});

test('a place that holds nothing does not pass', async () => {
  store.backend.files.clear();
  for (const file of ['ledger.jsonl']) appendFileSync(`${store.on.archive}/${file}`, '');
  const report = await checked(store);
  // The archive dir tells that there was something.
  expect(report.damage).toHaveLength(6);
  await expect(checked({ ...store, on: { ...store.on, archive: `${store.on.dir}/none` } })).rejects.toThrow(
    'No backup',
  );
});
