import { rmSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { growing, type Growing } from '../../../test/support/growing.ts';
import { ask, backUp } from '../../../test/support/in-process.ts';
import { timeOfSet } from '../../../test/support/times.ts';
import { memoryBackend, type MemoryBackend } from '../../testing/memory-backend.ts';
import { bytePath } from '../../util/bytepath.ts';
import { versions } from './versions.ts';

let stored: Growing;
beforeAll(async () => {
  stored = await growing();
});

/** Set, what it did, and whether it tells what the path is since. */
const history = async (path: string, memory: MemoryBackend = stored.memory, on = stored.on): Promise<string[]> => {
  const found = await ask(on, memory, (repository) => versions(repository, bytePath(path)));
  return found.map(({ time, set, kind, entry }) => {
    if (entry !== undefined) expect(entry.path).toBe(path);
    return `${(time - timeOfSet(0)) / 86_400} ${set} ${kind}${entry === undefined ? '' : ` ${entry.type}`}`;
  });
};

const PATHS: readonly (readonly [path: string, sets: readonly string[]])[] = [
  ['d/big', ['0 full new reg', '1 inc changed reg', '2 inc changed reg']],
  ['a', ['0 full new reg']],
  ['d/gone', ['0 full new reg', '1 inc deleted', '2 inc new reg']],
  ['d/late', ['1 inc new reg']],
  ['e', ['0 full new reg', '1 inc changed reg']],
  ['link', ['0 full new sym']],
  ['d/sub', ['2 inc new dir']],
  ['d', ['0 full new dir', '1 inc changed dir', '2 inc changed dir']],
  ['nowhere', []],
];

test.each(PATHS)('the versions of %s are those of the sets that changed it', async (path, sets) => {
  expect(await history(path)).toEqual(sets);
});

test('a machine that knows nothing is told the same, and keeps nothing', async () => {
  const other = { ...stored.on, archive: `${stored.on.dir}/other` };
  expect(await history('d/gone', stored.memory, other)).toEqual(['0 full new reg', '1 inc deleted', '2 inc new reg']);
});

test('without their signatures the lists of the manifests tell it, without the entries', async () => {
  const memory = copyOf(stored.memory, (name) => !name.includes('sigtar'));
  const other = { ...stored.on, archive: `${stored.on.dir}/unsigned` };
  expect(await history('d/gone', memory, other)).toEqual(['0 full new', '1 inc deleted', '2 inc new']);
  expect(await history('d/big', memory, other)).toEqual(['0 full new', '1 inc changed', '2 inc changed']);
});

test('what a later full has no more was deleted before it, and what it has counts anew', async () => {
  const { on, memory } = await growing();
  rmSync(`${on.source}/d/late`);
  await backUp(on, memory, 3, { fullIfOlderThan: timeOfSet(1) });
  expect(await history('d/late', memory, on)).toEqual(['1 inc new reg', '3 full deleted']);
  expect(await history('a', memory, on)).toEqual(['0 full new reg', '3 full new reg']);
});

test('each version can be told from the others by its entry', async () => {
  const found = await ask(stored.on, stored.memory, (repository) => versions(repository, bytePath('e')));
  expect(found.map(({ entry }) => entry?.mode)).toEqual([0o644, 0o600]);
});

function copyOf({ files }: MemoryBackend, keeps: (name: string) => boolean): MemoryBackend {
  const copy = memoryBackend();
  for (const [name, bytes] of files) if (keeps(name)) copy.files.set(name, bytes);
  return copy;
}
