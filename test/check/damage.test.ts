import { rmSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { seeded } from '../support/random.ts';
import { checked, copies, damaged, editCopy, flip, makeStore, type Store } from './store.ts';

let store: Store;
beforeAll(async () => {
  store = await makeStore(process.env['CHECK'] === 'all' ? { volumeBytes: 64 * 1024, fileBytes: 400_000 } : {});
});
afterEach(() => store.mend());

const names = (): readonly string[] => [...store.sound.keys()].toSorted();
const volumes = (): readonly string[] => names().filter((name) => name.includes('.vol'));

test('a sound store has no damage, and all of it is proven', async () => {
  const report = await checked(store);
  expect(report).toMatchObject({ sets: 6, damage: [], unproven: [], unfinished: [], removed: [] });
  expect(volumes().length).toBeGreaterThanOrEqual(18);
  expect(report.now.files).toBe(names().filter((name) => !name.includes('manifest')).length);
  expect(report.never.files).toBe(0);
});

/** What can become of one file. */
const HARMS: Readonly<Record<string, (name: string, draw: () => number) => void>> = {
  deleted: (name) => void store.backend.files.delete(name),
  cut: (name, draw) => {
    const bytes = store.sound.get(name) ?? Buffer.alloc(0);
    store.backend.files.set(name, bytes.subarray(0, Math.floor(draw() * bytes.length)));
  },
  emptied: (name) => void store.backend.files.set(name, Buffer.alloc(0)),
  flipped: (name, draw) => {
    const { length } = store.sound.get(name) ?? Buffer.alloc(0);
    // The head of gzip has a time and a system that say nothing of its content, and no sum is made of them.
    const from = name.includes('sigtar') ? 10 : 0;
    flip(store, name, from * 8 + Math.floor(draw() * (length - from) * 8));
  },
  lengthened: (name) => {
    store.backend.files.set(name, Buffer.concat([store.sound.get(name) ?? Buffer.alloc(0), Buffer.from('more')]));
  },
  swapped: (name, draw) => {
    const alike = names().filter((other) => !isSame(other, name) && kindOf(other) === kindOf(name));
    const other = alike[Math.floor(draw() * alike.length)] ?? '';
    store.backend.files.set(name, store.sound.get(other) ?? Buffer.alloc(0));
  },
};

const isSame = (a: string, b: string): boolean =>
  store.sound.get(a)?.equals(store.sound.get(b) ?? Buffer.alloc(0)) === true;
const kindOf = (name: string): string => /\.(vol|manifest|sigtar)/.exec(name)?.[1] ?? '';

describe('one file at a time', () => {
  test.each(Object.keys(HARMS))('that is %s is named', async (harm) => {
    const draw = seeded(harm.length);
    const all = names();
    const some = process.env['CHECK'] === 'all' ? all : all.filter(() => draw() < 0.14);
    let cases = 0;
    for (const name of some) {
      store.mend();
      HARMS[harm]?.(name, draw);
      const report = await checked(store);
      expect({ harm, name, found: damaged(report) }).toMatchObject({ found: expect.arrayContaining([name]) });
      const remote = report.damage.filter(({ place }) => place === 'remote');
      expect({ harm, name, found: [...new Set(remote.map(({ file }) => file))] }).toEqual({
        harm,
        name,
        found: [name],
      });
      cases++;
    }
    expect(cases).toBeGreaterThan(1);
    if (process.env['CHECK'] === 'all') console.log(`${harm}: ${cases} of ${cases} found`);
  });
});

describe('the archive dir may lie', () => {
  const manifest = 'duplicity-inc.20231114T221320Z.to.20231115T221320Z.manifest';
  const signatures = 'duplicity-full-signatures.20231114T221320Z.sigtar.gz';

  test('about the hash of a volume: the copy is the wrong one, the volume is not', async () => {
    editCopy(store, manifest, (bytes) => Buffer.from(bytes.toString('latin1').replace(/SHA1 ./, 'SHA1 f'), 'latin1'));
    const { damage } = await checked(store);
    expect(damage.map(({ kind, place, file }) => [kind, place, file])).toEqual([['changed', 'local', manifest]]);
  });

  test('and when the manifest of the store is the wrong one, the volumes tell it', async () => {
    const text = store.sound.get(manifest)?.toString('latin1') ?? '';
    store.backend.files.set(manifest, Buffer.from(text.replace(/SHA1 ./, 'SHA1 f'), 'latin1'));
    const { damage } = await checked(store);
    expect(damage.map(({ kind, place, file }) => [kind, place, file])).toEqual([['changed', 'remote', manifest]]);
  });

  test('and a manifest of the store that names a volume more is the only damage', async () => {
    const text = store.sound.get(manifest)?.toString('latin1') ?? '';
    const next = text.split(/^Volume /m).length;
    const more = `Volume ${next}:\n    StartingPath   z  \n    EndingPath     z  \n    Hash SHA1 ${'0'.repeat(40)}\nFilelist`;
    store.backend.files.set(
      manifest,
      Buffer.from(text.replace('Filelist', more).replace(/SHA1 ./, 'SHA1 f'), 'latin1'),
    );
    const { damage } = await checked(store);
    expect(damage.map(({ kind, place, file }) => [kind, place, file])).toEqual([['changed', 'remote', manifest]]);
  });

  test('about what no volume tells', async () => {
    editCopy(store, manifest, (bytes) =>
      Buffer.from(bytes.toString('latin1').replace(/Hostname ./, 'Hostname x'), 'latin1'),
    );
    const known = await checked(store);
    expect(known.damage.map(({ kind, place, file }) => [kind, place, file])).toEqual([['changed', 'local', manifest]]);
    rmSync(`${store.on.archive}/ledger.jsonl`);
    const { damage } = await checked(store);
    expect(damage.map(({ kind, file }) => [kind, file])).toEqual([['differs', manifest]]);
    expect(damage[0]?.reason).toContain(`${manifest} in the archive dir`);
  });

  test('about signatures', async () => {
    editCopy(store, signatures, (bytes) => {
      const tar = gunzipSync(bytes);
      const at = tar.indexOf('rs\x016');
      tar[at + 20] = (tar[at + 20] ?? 0) ^ 1;
      return gzipSync(tar);
    });
    const first = await checked(store);
    expect(first.damage.map(({ kind, file }) => [kind, file])).toEqual([['differs', signatures]]);
    store.mend();
    // Whoever has found the store's right before knows which of them is not.
    await checked(store);
    editCopy(store, signatures, (bytes) => gzipSync(Buffer.concat([gunzipSync(bytes), Buffer.alloc(512)])));
    const second = await checked(store);
    expect(second.damage.map(({ kind, place }) => [kind, place])).toEqual([['changed', 'local']]);
  });

  test('and holds files that cannot be read', async () => {
    for (const name of [manifest, signatures]) editCopy(store, name, () => Buffer.from('nonsense\nvolume x'));
    const { damage } = await checked(store);
    expect(damage.map(({ place, file }) => `${place} ${file}`).toSorted()).toEqual(
      [manifest, signatures].map((name) => `local ${name}`).toSorted(),
    );
    expect(copies(store)).toContain(manifest);
  });
});
