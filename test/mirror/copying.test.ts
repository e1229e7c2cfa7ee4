import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Backend } from '../../src/backends/backend.ts';
import { around } from '../../src/backends/wrap/around.ts';
import { BackendError, IntegrityError } from '../../src/errors/errors.ts';
import { type MemoryBackend, memoryBackend } from '../../src/testing/memory-backend.ts';
import { timeOfSet } from '../support/times.ts';
import { contents, copyOf, mirrored, namesOf, threeSets } from './places.ts';

let sets: MemoryBackend;
let here: MemoryBackend;
let there: MemoryBackend;
beforeAll(async () => {
  sets = await threeSets();
});
beforeEach(() => {
  here = copyOf(sets);
  there = memoryBackend();
});

const isManifest = (name: string): boolean => name.includes('.manifest');
const manifestOf = (k: number): string => namesOf(sets, k).find(isManifest) ?? '';
const volumeOf = (k: number, number: number): string =>
  namesOf(sets, k).find((name) => name.includes(`.vol${number}.`)) ?? '';
const signaturesOf = (k: number): string => namesOf(sets, k).find((name) => name.includes('sigtar')) ?? '';

/** `inner`, and the names of what is put and deleted, in order. */
function observed(inner: Backend): { readonly backend: Backend; readonly log: string[] } {
  const log: string[] = [];
  const backend = around(inner, async ({ kind, name }, _call, run) => {
    if (kind === 'put' || kind === 'delete') log.push(`${kind} ${name}`);
    return run();
  });
  return { backend, log };
}

/** As gpg would have named them: nobody here has the key. */
function encrypted(place: MemoryBackend): void {
  for (const [name, content] of Array.from(place.files)) {
    place.files.delete(name);
    place.files.set(name.endsWith('.gz') ? name.replace(/\.gz$/, '.gpg') : `${name}.gpg`, content);
  }
}

test('all files of all sets are there as they are, each manifest last, and a second run sends nothing', async () => {
  const { backend, log } = observed(there);
  const { found, copied } = await mirrored(here, backend, { concurrency: 4 });
  expect(contents(there)).toEqual(contents(here));
  const volumes = (k: number): number => namesOf(sets, k).filter((name) => name.includes('.vol')).length;
  expect(found).toBe(3);
  expect(copied.map(({ files, verified }) => [files, verified])).toEqual(
    [0, 1, 2].map((k) => [namesOf(sets, k).length, volumes(k)]),
  );
  for (const k of [0, 1, 2]) {
    const order = log.filter((line) => namesOf(sets, k).some((name) => line === `put ${name}`));
    expect(order.at(-1)).toBe(`put ${manifestOf(k)}`);
  }
  const again = observed(there);
  expect(await mirrored(here, again.backend, { deletes: true })).toMatchObject({ found: 3, copied: [], deleted: [] });
  expect(again.log).toEqual([]);
});

test('a dry run tells the same and does nothing', async () => {
  there.files.set('duplicity-full.20000101T000000Z.vol1.difftar.gz', Buffer.alloc(100));
  const before = contents(there);
  const planned = await mirrored(here, there, { dryRun: true, deletes: true, force: true });
  expect(contents(there)).toEqual(before);
  const { copied, deleted } = await mirrored(here, there, { deletes: true, force: true });
  const sizes = (sets: typeof copied) => sets.map(({ type, end, files, bytes }) => [type, end, files, bytes]);
  expect([sizes(planned.copied), planned.deleted, planned.isPlanned]).toEqual([sizes(copied), deleted, true]);
});

test('sets from before a time, then the rest', async () => {
  await mirrored(here, there, { before: timeOfSet(1) });
  expect([...there.files.keys()].toSorted()).toEqual([...namesOf(sets, 0)].toSorted());
  await mirrored(here, there);
  expect(contents(there)).toEqual(contents(here));
});

test('recovery files beside the files come along, and those that a par2+ URL makes itself do not', async () => {
  const parity = [...sets.files.keys()].flatMap((name) => [`${name}.par2`, `${name}.vol0+2.par2`]);
  for (const name of parity) here.files.set(name, Buffer.from(name));
  const { backend, log } = observed(there);
  await mirrored(here, backend);
  expect(contents(there)).toEqual(contents(here));
  expect(log.at(-1)).toMatch(/\.manifest$/);
  const bare = memoryBackend();
  await mirrored(here, bare, { url: 'par2+memory://there' });
  expect(contents(bare)).toEqual(contents(sets));
  for (const name of [...namesOf(sets, 0), ...namesOf(sets, 1)]) {
    for (const gone of [name, `${name}.par2`, `${name}.vol0+2.par2`]) here.files.delete(gone);
  }
  await mirrored(here, there, { deletes: true });
  expect(contents(there)).toEqual(contents(here));
});

test('names keep their prefixes, and what has another prefix is another backup', async () => {
  const prefixes = { all: 'a-', volume: 'v-', manifest: 'm-', signatures: 's-' };
  const prefixOf = (name: string): string => (isManifest(name) ? 'a-m-' : name.includes('sigtar') ? 'a-s-' : 'a-v-');
  for (const [name, content] of sets.files) here.files.set(prefixOf(name) + name, content);
  await mirrored(here, there, { prefixes });
  expect([...there.files.keys()].toSorted()).toEqual(
    [...sets.files.keys()].map((name) => prefixOf(name) + name).toSorted(),
  );
  for (const name of sets.files.keys()) here.files.delete(name);
  const hint = expect.stringContaining('--file-prefix') as string;
  await expect(mirrored(here, there)).rejects.toMatchObject({ code: 'BACKEND_NOT_FOUND', hint });
});

test('a place that tells no sizes gets nothing twice once a set is complete', async () => {
  const { backend, log } = observed(there);
  const silent: Backend = {
    ...backend,
    async *list(call) {
      for await (const { name } of there.list(call)) yield { name };
    },
  };
  delete silent.stat;
  await mirrored(here, silent);
  const sent = log.length;
  await mirrored(here, silent);
  expect([sent, log.length]).toEqual([here.files.size, here.files.size]);
});

describe('what is there already', () => {
  beforeEach(() => {
    there = copyOf(sets);
  });

  test('and has another size is sent again, beside the manifest that stays', async () => {
    there.files.set(volumeOf(0, 2), (sets.files.get(volumeOf(0, 2)) ?? Buffer.alloc(0)).subarray(0, 30));
    there.files.set(signaturesOf(1), Buffer.alloc(40));
    there.files.delete(volumeOf(2, 4));
    const { backend, log } = observed(there);
    await mirrored(here, backend);
    expect(contents(there)).toEqual(contents(here));
    expect(log.toSorted()).toEqual(
      [volumeOf(0, 2), signaturesOf(1), volumeOf(2, 4)].map((name) => `put ${name}`).toSorted(),
    );
  });

  test('of another set of the same time stops counting before anything takes its place', async () => {
    there.files.set(
      manifestOf(0),
      Buffer.concat([sets.files.get(manifestOf(0)) ?? Buffer.alloc(0), Buffer.from('\n')]),
    );
    there.files.set(volumeOf(0, 1), Buffer.alloc(30_000));
    const { backend, log } = observed(there);
    await mirrored(here, backend);
    expect(contents(there)).toEqual(contents(here));
    expect([log[0], log.at(-1), log.length]).toEqual([
      `delete ${manifestOf(0)}`,
      `put ${manifestOf(0)}`,
      1 + namesOf(sets, 0).length,
    ]);
  });

  test('under other names is not mixed with ours', async () => {
    encrypted(there);
    await expect(mirrored(here, there)).rejects.toMatchObject({ code: 'ENCRYPTION_MISMATCH' });
    expect([...there.files.keys()].filter((name) => !name.endsWith('.gpg'))).toEqual([]);
  });
});

describe('damage here does not spread', () => {
  test('a volume whose hash is wrong is not sent, nor what builds on its set; other chains are', async () => {
    const wrong = Buffer.from(sets.files.get(volumeOf(0, 2)) ?? Buffer.alloc(0));
    const middle = wrong.length >> 1;
    wrong[middle] = (wrong[middle] ?? 0) ^ 1;
    here.files.set(volumeOf(0, 2), wrong);
    await expect(mirrored(here, there)).rejects.toBeInstanceOf(IntegrityError);
    expect([...there.files.keys()].filter(isManifest)).toEqual([manifestOf(2)]);
    expect(there.files.has(volumeOf(0, 2))).toBe(false);
  });

  test.each([
    ['a volume', () => volumeOf(0, 2)],
    ['the signatures', () => signaturesOf(0)],
    ['the manifest', () => manifestOf(0)],
  ])('%s that was cut off here does not take the place of what is whole there', async (_what, nameOf) => {
    for (const place of [here, there]) {
      for (const [name, content] of sets.files) place.files.set(name, content);
      encrypted(place);
    }
    const name = [...here.files.keys()].find((name) => name.startsWith(nameOf().replace(/\.gz$/, ''))) ?? '';
    const whole = here.files.get(name) ?? Buffer.alloc(0);
    here.files.set(name, whole.subarray(0, whole.length - 1));
    const newer = namesOf(sets, 2)[0]?.replace(/\.gz$/, '.gpg') ?? '';
    there.files.delete(newer);
    await expect(mirrored(here, there, { deletes: true })).rejects.toMatchObject({ code: 'DAMAGED' });
    expect(there.files.get(name)).toBe(whole);
    expect(there.files.has(newer)).toBe(true);
    await mirrored(here, there, { force: true });
    expect(there.files.get(name)).toHaveLength(whole.length - 1);
  });

  test.each([1, 2, 3])('volume %i that is lost here stays there', async (number) => {
    there = copyOf(sets);
    here.files.delete(volumeOf(0, number));
    for (const name of namesOf(sets, 1)) here.files.delete(name);
    const hint = expect.stringContaining('mirror it back') as string;
    await expect(mirrored(here, there, { deletes: true, force: true })).rejects.toMatchObject({ hint });
    expect(contents(there)).toEqual(contents(sets));
  });

  test('a last volume that is lost is found by the manifest', async () => {
    here.files.delete(volumeOf(0, 3));
    await expect(mirrored(here, there)).rejects.toMatchObject({ code: 'BACKEND_NOT_FOUND' });
    expect([...there.files.keys()].filter(isManifest)).toEqual([manifestOf(2)]);
  });
});

describe('meanwhile', () => {
  /** `here`, where something happens at the first get. */
  function whenReading(deed: () => void): Backend {
    let isDone = false;
    return around(here, async ({ kind, name }, _call, run) => {
      if (kind === 'get' && /vol/.test(name) && !isDone) {
        isDone = true;
        deed();
      }
      return run();
    });
  }

  test('what a running backup has sent without a manifest is left alone, and taken later', async () => {
    here.files.delete(manifestOf(2));
    const { copied } = await mirrored(here, there);
    expect(copied).toHaveLength(2);
    expect([...there.files.keys()].filter((name) => namesOf(sets, 2).includes(name))).toEqual([]);
    here.files.set(manifestOf(2), sets.files.get(manifestOf(2)) ?? Buffer.alloc(0));
    await mirrored(here, there);
    expect(contents(there)).toEqual(contents(sets));
  });

  test('a set that is finished while others are sent, and is there, is not deleted there', async () => {
    there = copyOf(sets);
    there.files.delete(volumeOf(0, 1));
    for (const name of namesOf(sets, 2)) here.files.delete(name);
    const growing = whenReading(() => {
      for (const name of namesOf(sets, 2)) here.files.set(name, sets.files.get(name) ?? Buffer.alloc(0));
    });
    expect(await mirrored(growing, there, { deletes: true })).toMatchObject({ deleted: [] });
    expect(contents(there)).toEqual(contents(sets));
  });

  test('a chain that is removed here is left out, and the next run removes what has been sent of it', async () => {
    const shrinking = whenReading(() => {
      for (const name of [...namesOf(sets, 0), ...namesOf(sets, 1)]) here.files.delete(name);
    });
    const { copied, deleted } = await mirrored(shrinking, there, { deletes: true });
    expect([copied.map(({ end }) => end), deleted]).toEqual([[timeOfSet(2)], []]);
    await mirrored(here, there, { deletes: true });
    expect(contents(there)).toEqual(contents(here));
  });

  test('a file that the other place takes and does not have ends the run', async () => {
    const lying = around(there, async ({ kind, name }, _call, run) => {
      const result = await run();
      if (kind === 'put' && name.includes('vol3')) there.files.delete(name);
      return result;
    });
    await expect(mirrored(here, lying, { deletes: true })).rejects.toMatchObject({ code: 'VOLUME_WRONG_SIZE' });
    expect([...there.files.keys()].filter(isManifest)).toEqual([]);
    await mirrored(here, there);
    expect(contents(there)).toEqual(contents(sets));
  });

  test('a place that cannot be read on ends the run', async () => {
    const denied = around(here, ({ kind }, _call, run) => {
      if (kind !== 'get') return run();
      throw new BackendError('BACKEND_PERMISSION_DENIED', 'no', { retryable: false });
    });
    await expect(mirrored(denied, there)).rejects.toMatchObject({ code: 'BACKEND_PERMISSION_DENIED' });
  });
});
