import { isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import { type MemoryBackend, memoryBackend } from '../../src/testing/memory-backend.ts';
import { type Machine, restored } from '../support/in-process.ts';
import type { Listed } from '../support/listing.ts';
import { dyingAt, elsewhere, rekeyed, stored } from './places.ts';

const isLong = process.env['REKEY'] === 'all';
const PATIENCE = isLong ? 3_600_000 : 180_000;
const OLD = { PASSPHRASE: 'old one' };
const NEW = { PASSPHRASE: 'new one' };
const CHANGE = { newPassphrase: true, drop: ['passphrase'], groupBytes: 1 } as const;

function copyOf(place: MemoryBackend): MemoryBackend {
  const copy = memoryBackend();
  for (const [name, bytes] of place.files) copy.files.set(name, Buffer.from(bytes));
  return copy;
}

/** What whoever has these secrets gets, with nothing else; undefined where that fails. */
async function tryToRestore(on: Machine, place: MemoryBackend, env: typeof OLD): Promise<Listed[] | undefined> {
  try {
    return await restored(elsewhere(on, env), place, 1);
  } catch {
    return undefined;
  }
}

test(
  'wherever it dies one of the two opens everything, and the same command completes it',
  async () => {
    const { on, place } = await stored({}, OLD);
    const wanted = await restored(on, place, 1);
    const both = { ...OLD, NEW_PASSPHRASE: NEW.PASSPHRASE };
    const whole = dyingAt(copyOf(place), Infinity);
    await rekeyed(elsewhere(on, both), whole, CHANGE);
    expect(whole.count()).toBeGreaterThan(23);
    const opens: string[] = [];
    for (let n = 1; n <= whole.count(); n += isLong ? 1 : 6) {
      const store = copyOf(place);
      const here = elsewhere(on, both);
      await expect(rekeyed(here, dyingAt(store, n), CHANGE)).rejects.toThrow('the machine died');
      const [old, fresh] = [await tryToRestore(on, store, OLD), await tryToRestore(on, store, NEW)];
      opens.push(old === undefined ? 'new' : fresh === undefined ? 'old' : 'both');
      expect([old, fresh].filter((tree) => tree !== undefined && !isDeepStrictEqual(tree, wanted))).toEqual([]);
      // With the archive dir that the dead run has left.
      const own = old === undefined ? NEW : OLD;
      expect([n, await restored({ ...here, env: own }, store, 1)]).toEqual([n, wanted]);
      await rekeyed({ ...here, env: { ...own, NEW_PASSPHRASE: NEW.PASSPHRASE } }, store, CHANGE);
      expect([n, await tryToRestore(on, store, OLD), await tryToRestore(on, store, NEW)]).toEqual([
        n,
        undefined,
        wanted,
      ]);
    }
    expect(opens[0]).toBe('old');
    expect(opens.at(-1)).toBe('new');
    expect(opens.join(' ')).toMatch(/^(?:old )+(?:both )*(?:new ?)+$/);
  },
  PATIENCE,
);

test(
  'half a file at a place that leaves such is no loss',
  async () => {
    const { on, place } = await stored({}, OLD);
    const wanted = await restored(on, place, 1);
    const both = { ...OLD, NEW_PASSPHRASE: NEW.PASSPHRASE };
    const whole = dyingAt(copyOf(place), Infinity, { tears: true });
    await rekeyed(elsewhere(on, both), whole, CHANGE);
    for (let n = isLong ? 1 : 5; n <= whole.count(); n += isLong ? 1 : 17) {
      const store = copyOf(place);
      await expect(rekeyed(elsewhere(on, both), dyingAt(store, n, { tears: true }), CHANGE)).rejects.toThrow(
        'the machine died',
      );
      // A manifest that only the new passphrase opens may be under way: then it is needed to go on.
      const fresh = { ...NEW, NEW_PASSPHRASE: NEW.PASSPHRASE };
      await rekeyed(elsewhere(on, both), store, CHANGE).catch(() => rekeyed(elsewhere(on, fresh), store, CHANGE));
      expect([
        n,
        await tryToRestore(on, store, NEW),
        [...store.files.keys()].filter((name) => name.endsWith('.g')),
      ]).toEqual([n, wanted, []]);
    }
  },
  PATIENCE,
);
