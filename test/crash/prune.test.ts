import { mkdirSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { cleanup } from '../../src/actions/remove/cleanup.ts';
import { prune, type PruneResult } from '../../src/actions/remove/prune.ts';
import { collectionStatus } from '../../src/actions/status/collection-status.ts';
import type { Backend } from '../../src/backends/backend.ts';
import { runRestore } from '../../src/cli/run/restore.ts';
import { type MemoryBackend, memoryBackend } from '../../src/testing/memory-backend.ts';
import { act, ask, backUp, type Machine, machine } from '../support/in-process.ts';
import { bytePath } from '../../src/util/bytepath.ts';
import { noise, put, treeOf } from '../support/scene.ts';
import { timeOfSet } from '../support/times.ts';

const VOLUME = 100_000;
const policy = { last: 2 };

/** Two chains, whose sets have volumes of their own, and a third that stays. */
async function threeChains(): Promise<{ readonly on: Machine; readonly memory: MemoryBackend }> {
  const on = machine();
  mkdirSync(on.source);
  const memory = memoryBackend();
  for (let k = 0; k < 7; k++) {
    put(on.source, { a: noise(150_000, k), b: noise(150_000, 10 + k), [`c${k}`]: `${k}` }, timeOfSet(k) - 100);
    const fullIfOlderThan = k % 3 === 0 ? timeOfSet(k) : undefined;
    await backUp(on, memory, k, { volsize: VOLUME, fullIfOlderThan });
  }
  return { on, memory };
}

/** One that the process does not survive: after so many deletions nothing more happens. */
function killedAfter(memory: MemoryBackend, deletions: number): Backend {
  let left = deletions;
  return {
    ...memory,
    delete: (name, call) => {
      if (left-- === 0) throw new Error('killed');
      return memory.delete(name, call);
    },
  };
}

const run = (on: Machine, backend: Backend, force: boolean): Promise<PruneResult> =>
  ask(on, backend, (repository) => prune(repository, { policy, force }));

test('killed at any deletion prune leaves whole sets and what cleanup takes, and the next run does the rest', async () => {
  const { on, memory } = await threeChains();
  const all = new Map(memory.files);
  const plan = await run(on, memory, false);
  expect(plan.removed.map(({ end }) => end)).toEqual([2, 1, 0].map(timeOfSet));
  const announced = plan.sets.flatMap(({ files }) => files).filter(({ place }) => place === 'remote');
  const end = [...all.keys()].filter((name) => !announced.some((file) => file.name === name)).toSorted();
  const volumesOf = new Map(plan.sets.map(({ end, volumes }) => [end, volumes]));
  expect(Math.min(...volumesOf.values())).toBeGreaterThan(1);
  for (let n = 0; n < announced.length; n++) {
    memory.files.clear();
    for (const [name, bytes] of all) memory.files.set(name, bytes);
    await expect(run(on, killedAfter(memory, n), true)).rejects.toThrow('killed');
    expect(memory.files.size).toBe(all.size - n);
    const { chains } = await ask(on, memory, collectionStatus);
    const sets = chains.flatMap((chain) => chain.sets);
    expect(sets.every(({ isComplete }) => isComplete)).toBe(true);
    expect(sets.map(({ end, volumes }) => [end, volumes])).toEqual(sets.map(({ end }) => [end, volumesOf.get(end)]));
    await ask(on, memory, (repository) => cleanup(repository, { force: true }));
    expect(memory.files.size).toBe(sets.reduce((sum, { volumes }) => sum + volumes + 2, 0));
    await run(on, memory, true);
    expect([...memory.files.keys()].toSorted()).toEqual(end);
  }
  await act(on, memory, 9, {}, (session) =>
    runRestore(session, session.settings, { target: bytePath(`${on.dir}/out`) }),
  );
  expect(treeOf(`${on.dir}/out`)).toEqual(treeOf(on.source));
  writeFileSync(`${on.source}/more`, 'more');
  await backUp(on, memory, 8, {});
});
