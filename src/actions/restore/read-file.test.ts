import { readdirSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { growing, type Growing } from '../../../test/support/growing.ts';
import { ask, type Machine } from '../../../test/support/in-process.ts';
import { timeOfSet } from '../../../test/support/times.ts';
import { memoryBackend, type MemoryBackend } from '../../testing/memory-backend.ts';
import { bytePath } from '../../util/bytepath.ts';
import { readFile } from './read-file.ts';

let stored: Growing;
beforeAll(async () => {
  stored = await growing();
});

const contentOf = (path: string, k: number, memory: MemoryBackend = stored.memory): Promise<Buffer> =>
  ask(stored.on, memory, async (repository) => {
    const blocks: Buffer[] = [];
    for await (const block of readFile(repository, bytePath(path), { time: timeOfSet(k) })) blocks.push(block);
    return Buffer.concat(blocks);
  });

/** Temporary files; the directory of a run, and the mark of its process in it, stay as long as the run. */
const left = ({ dir }: Machine): readonly string[] =>
  readdirSync(`${dir}/tmp`, { recursive: true, encoding: 'utf8' }).filter((path) => /\/(?!owner$)/.test(path));

/** The storage, and the volumes that are fetched from it. */
function watched({ files, ...memory }: MemoryBackend): { readonly backend: MemoryBackend; readonly fetched: string[] } {
  const fetched: string[] = [];
  const get: MemoryBackend['get'] = (name, take, call) => {
    if (name.includes('.difftar')) fetched.push(name);
    return memory.get(name, take, call);
  };
  return { backend: { ...memory, files, get }, fetched };
}

test.each([0, 1, 2])('a file of several volumes is read as it was at set %i', async (k) => {
  expect((await contentOf('d/big', k)).equals(stored.big[k] ?? Buffer.alloc(0))).toBe(true);
  expect(left(stored.on)).toEqual([]);
});

test.each([
  ['a', 2, 'a'],
  ['empty', 1, ''],
  ['d/gone', 0, 'gone 0'],
  ['d/gone', 2, 'gone 2'],
  ['d/sub/inside', 2, 'inside'],
])('%s at set %i is read', async (path, k, content) => {
  expect((await contentOf(path, k)).toString()).toBe(content);
});

test('only volumes are fetched whose range holds the file', async () => {
  const { backend, fetched } = watched(stored.memory);
  await contentOf('a', 0, backend);
  expect(fetched).toHaveLength(1);
  const of = watched(stored.memory);
  await contentOf('z big', 0, of.backend);
  const all = [...stored.memory.files.keys()].filter((name) => name.includes('full') && name.includes('.difftar'));
  expect(of.fetched.length).toBeLessThan(all.length);
  expect(of.fetched).not.toContain(all.find((name) => name.includes('.vol1.')));
});

test.each(['d', 'link'])('what is no regular file, as %s, has no content', async (path) => {
  await expect(contentOf(path, 2)).rejects.toMatchObject({ code: 'GENERIC', message: expect.stringContaining(path) });
});

test('a file that is not there, or was not yet, is an error', async () => {
  await expect(contentOf('nowhere', 2)).rejects.toMatchObject({ code: 'RESTORE_PATH_NOT_FOUND' });
  await expect(contentOf('d/late', 0)).rejects.toMatchObject({ code: 'RESTORE_PATH_NOT_FOUND' });
});

test.each([0, 2])('who stops in the middle of set %i leaves nothing behind, and can read again', async (k) => {
  await ask(stored.on, stored.memory, async (repository) => {
    for (const _turn of [1, 2]) {
      for await (const block of readFile(repository, bytePath('d/big'), { time: timeOfSet(k) })) {
        expect(block.equals((stored.big[k] ?? block).subarray(0, block.length))).toBe(true);
        break;
      }
      expect(left(stored.on)).toEqual([]);
    }
  });
});

test('blocks belong to the receiver: those before stay as they were', async () => {
  const { big } = stored;
  await ask(stored.on, stored.memory, async (repository) => {
    const blocks: Buffer[] = [];
    for await (const block of readFile(repository, bytePath('d/big'))) blocks.push(block);
    expect(blocks.length).toBeGreaterThan(2);
    expect(Buffer.concat(blocks).equals(big[2] ?? Buffer.alloc(0))).toBe(true);
  });
});

test('a damaged volume is an error, not a shorter file', async () => {
  const damaged = memoryBackend();
  for (const [name, bytes] of stored.memory.files) damaged.files.set(name, Buffer.from(bytes));
  for (const [name, bytes] of damaged.files)
    if (name.includes('inc') && name.includes('.vol2.')) bytes.fill(0, 100, 200);
  await expect(contentOf('d/big', 2, damaged)).rejects.toMatchObject({ code: 'MISMATCHED_HASH' });
  expect(left(stored.on)).toEqual([]);
});

test('a signal ends the reading', async () => {
  const control = new AbortController();
  const reading = ask(stored.on, stored.memory, async (repository) => {
    const signalled = { ...repository, call: { signal: control.signal } };
    for await (const _block of readFile(signalled, bytePath('d/big'), { time: timeOfSet(0) })) control.abort();
  });
  await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
  expect(left(stored.on)).toEqual([]);
});
