import { rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { runRemove } from '../../src/cli/run/remove.ts';
import { runRestore } from '../../src/cli/run/restore.ts';
import type { Settings } from '../../src/cli/settings.ts';
import { type MemoryBackend, memoryBackend } from '../../src/testing/memory-backend.ts';
import { bytePath } from '../../src/util/bytepath.ts';
import { act, backUp, type Machine, machine } from '../support/in-process.ts';
import { seeded } from '../support/random.ts';
import { treeOf } from '../support/scene.ts';
import { timeOfSet } from '../support/times.ts';
import { changingTree } from './trees.ts';

const VOLUME = 256 * 1024;
const SETTINGS: Partial<Settings> = { volsize: VOLUME, noCompression: true, reuseVolumes: 'auto' };
const ROUNDS = process.env['REUSE'] === 'all' ? 300 : 12;

async function restored(on: Machine, place: MemoryBackend): Promise<unknown> {
  const target = `${on.dir}/out`;
  await act(on, place, 999, {}, (session) =>
    runRestore(session, session.settings, { target: bytePath(target), url: session.url } as never),
  );
  const tree = treeOf(target);
  rmSync(target, { recursive: true });
  return tree;
}

const volumesOf = (place: MemoryBackend, k: number): readonly string[] => {
  const time = new Date(timeOfSet(k) * 1000).toISOString().replace(/[-:]|\.\d+/g, '');
  return [...place.files.keys()].filter((name) => name.startsWith(`duplicity-full.${time}.vol`));
};

test.each([1, 2])('full backups that take over volumes of one another hold what is there, tree %i', async (seed) => {
  const random = seeded(seed);
  const on = machine();
  const place = memoryBackend();
  const tree = changingTree(on.source, random);
  let copied = 0;
  const copy = place.copy?.bind(place);
  place.copy = (from, to, call) => {
    copied++;
    return copy?.(from, to, call) ?? Promise.resolve();
  };
  await backUp(on, place, 0, { ...SETTINGS, fullIfOlderThan: timeOfSet(0) });
  for (let k = 1; k <= ROUNDS; k++) {
    tree.change(k, 1 + Math.floor(random() * 4));
    const isFull = k % 3 !== 1;
    const options = isFull ? { fullIfOlderThan: timeOfSet(k) } : {};
    await backUp(on, place, k, { ...SETTINGS, ...options });
    expect(await restored(on, place)).toEqual(treeOf(on.source));
    if (!isFull) continue;
    expect(volumesOf(place, k).length).toBeLessThanOrEqual((2 * tree.bytes()) / VOLUME + 6);
    if (k % 2 === 0) {
      await act(on, place, k, { force: true }, (session) =>
        runRemove(session, session.settings, { action: 'remove-all-but-n-full', count: 1, url: session.url } as never),
      );
    }
  }
  expect(copied).toBeGreaterThan(ROUNDS);
});
