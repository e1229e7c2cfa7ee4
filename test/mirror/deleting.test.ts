import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type MemoryBackend, memoryBackend } from '../../src/testing/memory-backend.ts';
import { timeOfSet } from '../support/times.ts';
import { contents, copyOf, mirrored, namesOf, squashed, threeSets } from './places.ts';

let sets: MemoryBackend;
let here: MemoryBackend;
let there: MemoryBackend;
beforeAll(async () => {
  sets = await threeSets();
});
beforeEach(() => {
  here = copyOf(sets);
  there = copyOf(sets);
});

const remove = (place: MemoryBackend, ...ks: readonly number[]): void => {
  for (const name of ks.flatMap((k) => namesOf(sets, k))) place.files.delete(name);
};
const keysOf = ({ files }: MemoryBackend): readonly string[] => [...files.keys()].toSorted();
const all = { deletes: true } as const;

test('what is gone here stays there, and is named, unless it is to go', async () => {
  remove(here, 0, 1);
  const { onlyThere, deleted, said } = await mirrored(here, there);
  expect([onlyThere.map(({ end }) => end), deleted]).toEqual([[timeOfSet(0), timeOfSet(1)], []]);
  expect(said.filter(({ kind }) => kind === 'notice' || kind === 'warning')).toEqual([
    { kind: 'notice', text: expect.stringMatching(/^Only at the other place.*: .*2023, .*2023\.$/) as string },
  ]);
  expect(keysOf(there)).toEqual(keysOf(sets));
  expect((await mirrored(here, there, all)).deleted.map(({ end }) => end)).toEqual([timeOfSet(1), timeOfSet(0)]);
  expect(keysOf(there)).toEqual(keysOf(here));
});

test('files that are not of this backup are never touched', async () => {
  remove(here, 0, 1);
  for (const name of ['letter.txt', 'other-duplicity-full.20000101T000000Z.manifest']) {
    there.files.set(name, Buffer.from('mine'));
  }
  await mirrored(here, there, all);
  expect(keysOf(there)).toEqual(
    [...keysOf(here), 'letter.txt', 'other-duplicity-full.20000101T000000Z.manifest'].toSorted(),
  );
});

test('what a killed run has left there of a set that is gone by now goes, too', async () => {
  remove(here, 0, 1);
  for (const name of namesOf(sets, 1)) if (!name.includes('vol1')) there.files.delete(name);
  await mirrored(here, there, all);
  expect(keysOf(there)).toEqual(keysOf(here));
});

describe('nothing is deleted', () => {
  test.each<readonly [string, () => void]>([
    ['is empty', () => here.files.clear()],
    [
      'has no manifest',
      () => [0, 1, 2].forEach((k) => here.files.delete(namesOf(sets, k).find((n) => n.endsWith('.manifest')) ?? '')),
    ],
    ['has increments without their full only', () => remove(here, 0, 2)],
    ['has other files only', () => (here.files.clear(), here.files.set('lost+found', Buffer.alloc(0)))],
  ])('when the first place %s, even with force', async (_how, empty) => {
    empty();
    const run = mirrored(here, there, { deletes: true, force: true });
    await expect(run).rejects.toMatchObject({
      code: 'BACKEND_NOT_FOUND',
      message: expect.stringContaining('nothing is deleted') as string,
    });
    expect(keysOf(there)).toEqual(keysOf(sets));
  });

  test('when the first place was emptied and begun anew, without force', async () => {
    remove(here, 0, 1);
    remove(there, 2);
    await expect(mirrored(here, there, all)).rejects.toMatchObject({
      code: 'USER_ERROR',
      hint: expect.stringContaining('--force') as string,
    });
    expect(keysOf(there)).toEqual(keysOf(sets));
    await mirrored(here, there, { deletes: true, force: true });
    expect(keysOf(there)).toEqual(keysOf(here));
  });

  test('of a chain that is newer than all here, without force', async () => {
    remove(here, 2);
    const { said } = await mirrored(here, there);
    expect(said).toContainEqual({ kind: 'warning', text: expect.stringContaining('newer than all here') as string });
    await expect(mirrored(here, there, all)).rejects.toMatchObject({
      code: 'USER_ERROR',
      message: expect.stringContaining('newer') as string,
    });
    expect(keysOf(there)).toEqual(keysOf(sets));
    await mirrored(here, there, { deletes: true, force: true });
    expect(keysOf(there)).toEqual(keysOf(here));
  });

  test('of a set that has files left here', async () => {
    for (const name of namesOf(sets, 1)) if (!name.includes('vol2')) here.files.delete(name);
    expect((await mirrored(here, there, all)).deleted).toEqual([]);
    expect(keysOf(there)).toEqual(keysOf(sets));
  });

  test('of the last chain there', async () => {
    remove(here, 1, 2);
    remove(there, 0);
    // Nothing is sent that is not older.
    const run = mirrored(here, there, { deletes: true, force: true, before: timeOfSet(0) });
    await expect(run).rejects.toMatchObject({
      code: 'USER_ERROR',
      message: expect.stringContaining('last chain') as string,
    });
    expect(there.files.size).toBe(namesOf(sets, 1).length + namesOf(sets, 2).length);
  });
});

test('two places that were both written to: all is at the second, and the state of each time comes from either', async () => {
  remove(here, 2);
  remove(there, 1);
  const { copied, onlyThere } = await mirrored(here, there);
  expect([copied.map(({ end }) => end), onlyThere.map(({ end }) => end)]).toEqual([[timeOfSet(1)], [timeOfSet(2)]]);
  expect(keysOf(there)).toEqual(keysOf(sets));
});

test('an increment that was made of two takes their place there', async () => {
  const chain = await threeSets('incremental');
  const copy = copyOf(chain);
  await squashed(chain);
  expect((await mirrored(chain, copy, all)).deleted.map(({ end }) => end)).toEqual([timeOfSet(2), timeOfSet(1)]);
  expect(contents(copy)).toEqual(contents(chain));
  expect(keysOf(copy).filter((name) => name.endsWith('.manifest'))).toHaveLength(2);
});

test('a place that nothing is known of gets all, and nothing goes', async () => {
  const empty = memoryBackend();
  await mirrored(here, empty, all);
  expect(keysOf(empty)).toEqual(keysOf(sets));
});
