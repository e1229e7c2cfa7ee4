import { beforeAll, describe, expect, test } from 'vitest';
import type { Backend } from '../../src/backends/backend.ts';
import { buildCollection } from '../../src/collections/collection.ts';
import { setsOf } from '../../src/collections/chains.ts';
import { BackendError } from '../../src/errors/errors.ts';
import { type MemoryBackend, memoryBackend } from '../../src/testing/memory-backend.ts';
import { contents, copyOf, digest, mirrored, namesOf, threeSets } from './places.ts';

// The process dies at every file that it sends or deletes: before, in the middle, after. Nothing it left may pass for a set
// that is not whole, and the next run gets on by itself.

type When = 'before' | 'in the middle' | 'after';
const WHENS: readonly When[] = ['before', 'in the middle', 'after'];

let sets: MemoryBackend;
beforeAll(async () => {
  sets = await threeSets();
});

/** From its n-th put or delete on nothing is done any more. */
function dying(inner: MemoryBackend, kind: 'put' | 'delete', nth: number, when: When): Backend {
  let count = 0;
  const dead = new BackendError('BACKEND_ERROR', 'killed', { retryable: false });
  const step = async (own: typeof kind, half: () => void, run: () => Promise<void>): Promise<void> => {
    if (count >= nth) throw dead;
    if (own === kind) count++;
    if (count < nth) return run();
    if (when === 'after') await run();
    if (when === 'in the middle') half();
    throw dead;
  };
  return {
    ...inner,
    put: (name, body, call) =>
      step(
        'put',
        () => inner.files.set(name, Buffer.alloc(Math.floor(body.size / 2))),
        () => inner.put(name, body, call),
      ),
    delete: (name, call) =>
      step(
        'delete',
        () => undefined,
        () => inner.delete(name, call),
      ),
  };
}

/** Whatever looks complete is byte for byte what it is at the first place. */
function expectWhole(there: MemoryBackend): void {
  const { chains } = buildCollection({ remote: there.files.keys(), local: [] });
  for (const set of chains.flatMap(setsOf)) {
    const k = [0, 1, 2].find((k) => namesOf(sets, k).includes(set.manifest ?? '')) ?? NaN;

    for (const name of namesOf(sets, k).filter((name) => name.includes('vol'))) {
      expect(digest(there.files.get(name))).toBe(digest(sets.files.get(name)));
    }
  }
}

describe.each(WHENS)('killed %s', (when) => {
  test('a file that is sent, each of them', async () => {
    const count = sets.files.size;
    for (let nth = 1; nth <= count; nth++) {
      const there = memoryBackend();
      await expect(mirrored(sets, dying(there, 'put', nth, when), { deletes: true })).rejects.toThrow('killed');
      expectWhole(there);
      const before = there.files.size;
      const { copied } = await mirrored(sets, there, { deletes: true });
      expect(contents(there)).toEqual(contents(sets));
      // What had arrived is not sent again.
      const sent = copied.reduce((sum, { files }) => sum + files, 0);
      expect(sent).toBe(count - before + (when === 'in the middle' ? 1 : 0));
    }
  });
});

describe.each(['before', 'after'] as const)('killed %s', (when) => {
  test('a file that is deleted, each of them', async () => {
    const here = copyOf(sets);
    for (const k of [0, 1]) for (const name of namesOf(sets, k)) here.files.delete(name);
    const count = sets.files.size - here.files.size;
    for (let nth = 1; nth <= count; nth++) {
      const there = copyOf(sets);
      await expect(mirrored(here, dying(there, 'delete', nth, when), { deletes: true })).rejects.toThrow('killed');
      expectWhole(there);
      await mirrored(here, there, { deletes: true });
      expect([...there.files.keys()].toSorted()).toEqual([...here.files.keys()].toSorted());
    }
  });
});
