import { beforeEach, describe, expect, test } from 'vitest';
import type { Backend } from '../../src/backends/backend.ts';
import { BackendError } from '../../src/errors/errors.ts';
import { type MemoryBackend, memoryBackend } from '../../src/testing/memory-backend.ts';
import { backUp, type Machine, machine, restored } from '../support/in-process.ts';
import { noise, put, treeOf } from '../support/scene.ts';
import { isLong } from '../support/forms.ts';
import { timeOfSet } from '../support/times.ts';

const VOLUME = 128 * 1024;

let on: Machine;
let place: MemoryBackend;
let appendOnly: Backend;
/** What was asked of the place and refused. */
let refused: string[];

beforeEach(() => {
  on = machine();
  place = memoryBackend();
  refused = [];
  const refuse = (what: string): Promise<never> => {
    refused.push(what);
    return Promise.reject(new BackendError('BACKEND_PERMISSION_DENIED', `${what}: no`, { retryable: false }));
  };
  appendOnly = {
    ...place,
    put: (name, body, call) => (place.files.has(name) ? refuse(`overwrite ${name}`) : place.put(name, body, call)),
    copy: (from, to, call) =>
      place.files.has(to) ? refuse(`overwrite ${to}`) : (place.copy?.(from, to, call) ?? Promise.resolve()),
    delete: (name) => refuse(`delete ${name}`),
  };
  put(on.source, { large: noise(3.5 * VOLUME), small: 'one' });
});

const nightOf = (k: number, settings: object = {}): Promise<unknown> =>
  backUp(on, appendOnly, k, { volsize: VOLUME, ...settings });

/** Backups go on for two more nights, and the last can be restored. */
async function expectToGoOn(): Promise<void> {
  for (const k of [1, 2, 3]) {
    put(on.source, { [`of-${k}`]: `night ${k}`, large: noise(3.5 * VOLUME, k) }, timeOfSet(k - 1));
    await nightOf(k);
  }
  expect(await restored(on, place, 3)).toEqual(treeOf(on.source));
}

const nameOf = (part: string): string => [...place.files.keys()].find((name) => name.includes(part)) ?? '';

test('backups that nothing interrupts ask for no more than to store', async () => {
  await nightOf(0);
  await expectToGoOn();
  expect(refused).toEqual([]);
});

describe('where nothing can be overwritten or deleted, an interrupted full backup stops none of the next, when', () => {
  test('its last volume has arrived whole', async () => {
    await expect(nightOf(0, { failOnVolume: 2 })).rejects.toThrow('volume 2');
    await expectToGoOn();
  });

  test.each([1, 2])('volume %i is short', async (volume) => {
    await expect(nightOf(0, { failOnVolume: 2 })).rejects.toThrow('volume 2');
    const name = nameOf(`.vol${volume}.`);
    place.files.set(name, (place.files.get(name) ?? Buffer.alloc(0)).subarray(0, 1000));
    await expectToGoOn();
    expect(refused).toContain(`delete ${name}`);
  });

  test('volume 1 is empty', async () => {
    await expect(nightOf(0, { failOnVolume: 1 })).rejects.toThrow('volume 1');
    place.files.set(nameOf('.vol1.'), Buffer.alloc(0));
    await expectToGoOn();
  });
});

describe.each(['full', 'incremental'] as const)('the same of a backup that was %s, when', (kind) => {
  /** A finished backup, and one that ends at an upload, of which so much has arrived. */
  async function endingAt(isThere: (name: string, upload: number) => boolean, keep: number): Promise<void> {
    await nightOf(0);
    put(on.source, { large: noise(3.5 * VOLUME, 9) }, timeOfSet(0));
    let uploads = 0;
    const cut: Backend = {
      ...appendOnly,
      put: async (name, body, call) => {
        if (!isThere(name, ++uploads)) return appendOnly.put(name, body, call);
        await appendOnly.put(name, body, call);
        if (keep < 1) place.files.set(name, (place.files.get(name) ?? Buffer.alloc(0)).subarray(0, body.size * keep));
        throw new BackendError('BACKEND_ERROR', 'the line is cut', { retryable: false });
      },
    };
    const settings = { volsize: VOLUME, ...(kind === 'full' && { fullIfOlderThan: timeOfSet(1) }) };
    await expect(backUp(on, cut, 1, settings)).rejects.toThrow('the line is cut');
  }

  async function expectNights(): Promise<void> {
    for (const k of [2, 3, 4]) {
      put(on.source, { [`of-${k}`]: `night ${k}`, large: noise(3.5 * VOLUME, k) }, timeOfSet(k - 1));
      await nightOf(k);
    }
    expect(await restored(on, place, 4)).toEqual(treeOf(on.source));
  }

  test.each([
    ['the signatures are whole and there is no manifest', 'sigtar', 1],
    ['the manifest is short', 'manifest', 0.5],
  ])('%s', async (_title, part, keep) => {
    await endingAt((name) => name.includes(part), keep);
    await expectNights();
    expect(refused).not.toEqual([]);
  });

  const uploads = isLong ? [1, 2, 3, 4, 5] : [];
  const shares = [0, 0.01, 0.5, 0.999, 1];
  test.each(uploads.flatMap((upload) => shares.map((share) => [upload, share] as const)))(
    'of upload %i a share of %f has arrived',
    async (number, keep) => {
      await endingAt((_name, upload) => upload === number, keep);
      await expectNights();
      expect([...place.files.keys()].filter((name) => name.endsWith('manifest')).length).toBeGreaterThan(3);
    },
  );
});
