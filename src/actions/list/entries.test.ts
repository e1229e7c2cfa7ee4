import { existsSync, readdirSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { growing, type Growing } from '../../../test/support/growing.ts';
import { act, ask } from '../../../test/support/in-process.ts';
import { timeOfSet } from '../../../test/support/times.ts';
import type { MemoryBackend } from '../../testing/memory-backend.ts';
import { bytePath } from '../../util/bytepath.ts';
import { readFile } from '../restore/read-file.ts';
import { entries, type EntriesOptions } from './entries.ts';
import { list } from './list.ts';
import type { PastEntry } from './past-entry.ts';

const FDS = '/proc/self/fd';

let stored: Growing;
beforeAll(async () => {
  stored = await growing();
});

const all = (options: EntriesOptions): Promise<PastEntry[]> =>
  ask(stored.on, stored.memory, async (repository) => {
    const found: PastEntry[] = [];
    for await (const entry of entries(repository, options)) found.push(entry);
    return found;
  });
const paths = async (options: EntriesOptions): Promise<string[]> => (await all(options)).map(({ path }) => path);

test('the entries of a time are those of its tree, in index order', async () => {
  const first = ['', 'a', 'd', 'd/big', 'd/gone', 'e', 'empty', 'link', 'z big'];
  expect(await paths({ time: timeOfSet(0) })).toEqual(first);
  const second = ['', 'a', 'd', 'd/big', 'd/late', 'e', 'empty', 'link', 'z big'];
  expect(await paths({ time: timeOfSet(1) })).toEqual(second);
  const newest = ['', 'a', 'd', 'd/big', 'd/gone', 'd/late', 'd/sub', 'd/sub/inside', 'e', 'empty', 'link', 'z big'];
  expect(await paths({})).toEqual(newest);
});

test('a path and a depth narrow them', async () => {
  expect(await paths({ path: bytePath('d') })).toEqual(['d', 'd/big', 'd/gone', 'd/late', 'd/sub', 'd/sub/inside']);
  expect(await paths({ path: bytePath('d'), depth: 1 })).toEqual(['d', 'd/big', 'd/gone', 'd/late', 'd/sub']);
  expect(await paths({ path: bytePath('d/sub'), depth: 0 })).toEqual(['d/sub']);
  expect(await paths({ depth: 1 })).toEqual(['', 'a', 'd', 'e', 'empty', 'link', 'z big']);
  expect(await paths({ path: bytePath('z big') })).toEqual(['z big']);
});

test('a path that is not there, or not yet, is an error', async () => {
  const failure = { code: 'RESTORE_PATH_NOT_FOUND', message: expect.stringContaining('d/sub is not in the backup of') };
  await expect(paths({ path: bytePath('d/sub'), time: timeOfSet(1) })).rejects.toMatchObject(failure);
  await expect(paths({ path: bytePath('dd'), depth: 1 })).rejects.toMatchObject({ code: 'RESTORE_PATH_NOT_FOUND' });
});

test('an entry has what the archive tells: type, mode, owner, time, link, and the size to a block', async () => {
  const found = new Map((await all({})).map((entry) => [entry.path as string, entry]));
  const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  expect(found.get('e')).toMatchObject({ type: 'reg', mode: 0o600, mtime: timeOfSet(0) - 60, ...owner });
  expect(found.get('link')).toMatchObject({ type: 'sym', link: 'nowhere', size: undefined });
  expect(found.get('d')).toMatchObject({ type: 'dir', size: undefined, mtime: timeOfSet(2) - 60 });
  expect(found.get('empty')?.size).toEqual({ least: 0, most: 0 });
  const { least, most } = found.get('d/big')?.size ?? { least: 0, most: 0 };
  const size = stored.big[2]?.length ?? 0;
  expect(least).toBeLessThanOrEqual(size);
  expect(most).toBeGreaterThanOrEqual(size);
  expect(most - least).toBeLessThan(2048);
});

test('a file is read, and other entries are asked for, while entries are gone through', async () => {
  const content = await ask(stored.on, stored.memory, async (repository) => {
    for await (const { path } of entries(repository, { path: bytePath('d') })) {
      if (path !== 'd/late') continue;
      for await (const other of entries(repository, { path })) expect(other.path).toBe(path);
      const blocks: Buffer[] = [];
      for await (const block of readFile(repository, path)) blocks.push(block);
      return Buffer.concat(blocks).toString();
    }
    return undefined;
  });
  expect(content).toBe('late');
});

test('no volume is fetched for entries', async () => {
  const { memory } = stored;
  const get: MemoryBackend['get'] = (name, take, call) => {
    if (name.includes('.difftar')) throw new Error(`${name} was fetched`);
    return memory.get(name, take, call);
  };
  const without = { ...memory, get };
  const found = await ask({ ...stored.on, archive: `${stored.on.dir}/other` }, without, async (repository) => {
    const names: string[] = [];
    for await (const { path } of entries(repository)) names.push(path);
    return names;
  });
  expect(found).toContain('d/sub/inside');
});

test('a list with details has the same entries, one without has type and time alone', async () => {
  const { on, memory } = stored;
  const said = async (details: boolean) => {
    const events = await act(on, memory, 9, {}, async (repository) => {
      expect(await list(repository, { details })).toEqual({ time: timeOfSet(2), entries: 12 });
      return 0;
    });
    return events.filter(({ kind }) => kind === 'listed');
  };
  const found = await all({});
  expect(await said(true)).toEqual(found.map((entry) => ({ kind: 'listed', ...entry })));
  expect(await said(false)).toEqual(found.map(({ path, type, mtime }) => ({ kind: 'listed', path, type, mtime })));
});

test.runIf(existsSync(FDS))('who stops early leaves no open file', async () => {
  await ask(stored.on, stored.memory, async (repository) => {
    const before = readdirSync(FDS).length;
    for (let turn = 0; turn < 5; turn++) {
      for await (const { path } of entries(repository)) if (path === 'd') break;
      for await (const { path } of entries(repository, { depth: 0 })) expect(path).toBe('');
      await expect(entries(repository, { path: bytePath('nowhere') }).next()).rejects.toThrow('nowhere');
    }
    expect(readdirSync(FDS)).toHaveLength(before);
  });
});
