import { mkdirSync, rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { DuplicityError, openStore, type Store } from '../../../src/index.ts';
import { noise, put, treeOf } from '../../support/scene.ts';
import { tempDir } from '../../support/temp.ts';

// Nothing but the archive dir keeps two runs apart: with one each, they write to one store at the same moment.

const VOLUME = 64 * 1024;
const dir = tempDir('/dev/shm');

async function inStore<T>(machine: string, use: (store: Store) => Promise<T>): Promise<T> {
  const tempDir = `${dir}/${machine}/tmp`;
  mkdirSync(tempDir, { recursive: true });
  const options = { archiveDir: `${dir}/${machine}/archive`, tempDir, encryption: false, tries: 1 };
  await using store = await openStore(`file://${dir}/remote`, options);
  return await use(store);
}

test.each([
  ['full', 'full', 'nothing'],
  ['full', 'full', 'a backup'],
  ['incremental', 'incremental', 'a backup'],
  ['full', 'incremental', 'a backup'],
] as const)('%s and %s at once, after %s, leave no set that is not whole', async (one, other, before) => {
  for (const name of ['remote', 'a', 'b']) rmSync(`${dir}/${name}`, { recursive: true, force: true });
  const backUp = (machine: string, kind: 'full' | 'incremental'): Promise<unknown> =>
    inStore(machine, (store) =>
      store.backup({ source: `${dir}/source ${machine}`, kind, volumeSize: VOLUME, mayChangeSource: true }),
    );
  const change = (seed: number): void => {
    for (const [i, machine] of ['a', 'b'].entries()) {
      put(`${dir}/source ${machine}`, { large: noise(300_000, seed + i), [machine]: `${seed}` }, 1_600_000_000 + seed);
    }
  };
  change(1);
  const trees = [treeOf(`${dir}/source a`)];
  if (before !== 'nothing') await backUp('a', 'full');
  change(5);
  trees.push(...['a', 'b'].map((machine) => treeOf(`${dir}/source ${machine}`)));
  const ended = await Promise.allSettled([backUp('a', one), backUp('b', other)]);
  const failures = ended.flatMap((end) => (end.status === 'rejected' ? [end.reason as unknown] : []));
  expect(failures.every((failure) => failure instanceof DuplicityError)).toBe(true);

  const { chains } = await inStore('c', (store) => store.sets());
  const sets = chains.flatMap(({ sets }) => sets);
  const known = trees.map((tree) => JSON.stringify(tree));
  const found: string[] = [];
  for (const { end } of sets) {
    const to = `${dir}/out`;
    await inStore('c', (store) => store.restore({ to, time: end }));
    found.push(JSON.stringify(treeOf(to)));
    rmSync(to, { recursive: true });
  }
  expect(known).toEqual(expect.arrayContaining(found));
  expect(sets.length + failures.length).toBeGreaterThanOrEqual(before === 'nothing' ? 2 : 3);
  // Two first ones of the same second may stand in each other's way: then there is none, and the next time there is.
  const proven = sets.length > 0 ? await inStore('c', (store) => store.check()) : undefined;
  expect(proven?.damage ?? []).toEqual([]);
  for (const machine of ['a', 'b']) await backUp(machine, 'full');
});
