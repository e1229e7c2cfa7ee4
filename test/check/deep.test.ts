import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { createHash } from 'node:crypto';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { memoryBackend } from '../../src/testing/memory-backend.ts';
import { gnupgHome, PASSPHRASE } from '../support/gnupg.ts';
import { machine } from '../support/in-process.ts';
import { golden } from '../support/paths.ts';
import { requireTool } from '../support/tools.ts';
import { checked, damaged, makeStore, type Store } from './store.ts';

/** An archive of the fixtures, on a machine that knows nothing of it. */
function fixture(name: string): Store {
  const backend = memoryBackend();
  for (const file of readdirSync(golden(name))) backend.files.set(file, readFileSync(golden(`${name}/${file}`)));
  return { on: machine(), backend, sound: new Map(backend.files), mend: () => undefined };
}

const ALL = process.env['CHECK'] === 'all';

describe('what the reference has made is sound', () => {
  test.each<readonly [string, number]>([
    ['gz', 5],
    ['plain', 5],
    ['short', 3],
    ['gnutar', 3],
    ['v3-gz', 5],
    ['restarted', 1],
    ['rootfile', 2],
  ])('%s', async (name, sets) => {
    const report = await checked(fixture(name), { deep: true });
    expect(report).toMatchObject({ sets, damage: [], isDeep: true });
  });

  test.runIf(requireTool('gpg')).each([
    ['pub', 5],
    ...(ALL
      ? ([
          ['sym', 5],
          ['mixed', 5],
          ['v3-sym', 3],
        ] as const)
      : []),
  ] as const)('%s', async (name, sets) => {
    const env = { GNUPGHOME: gnupgHome(), PASSPHRASE, PATH: process.env['PATH'] ?? '' };
    const report = await checked(fixture(name), { deep: true }, { env });
    expect(report).toMatchObject({ sets, damage: [], unproven: [] });
  });
});

describe('decoding finds', () => {
  let store: Store;
  beforeAll(async () => {
    store = await makeStore({ volumeBytes: 192 * 1024 });
  });
  afterEach(() => store.mend());

  const named = (part: RegExp): string => [...store.sound.keys()].toSorted().find((name) => part.test(name)) ?? '';
  const VOLUME = /inc\.20231114.*vol1/;

  /** Another content for a volume, of which the manifests know. */
  function remake(name: string, edit: (tar: Buffer) => Buffer): void {
    const before = store.sound.get(name) ?? Buffer.alloc(0);
    const after = gzipSync(edit(gunzipSync(before)), { level: 1 });
    store.backend.files.set(name, after);
    editManifest(name, (text) => text.replace(sha1(before), sha1(after)));
  }

  function editManifest(volume: string, edit: (text: string) => string): void {
    const manifest = volume.replace(/\.vol.*/, '.manifest');
    const text = store.backend.files.get(manifest)?.toString('latin1') ?? '';
    expect(edit(text)).not.toBe(text);
    store.backend.files.set(manifest, Buffer.from(edit(text), 'latin1'));
    // A machine that has seen only this.
    rmSync(store.on.archive, { recursive: true, force: true });
  }

  const sha1 = (bytes: Buffer): string => createHash('sha1').update(bytes).digest('hex');

  test('nothing in a sound store, which is read once', async () => {
    const fetched = new Map<string, number>();
    const backend = {
      ...store.backend,
      get: ((name, take, call) => {
        fetched.set(name, (fetched.get(name) ?? 0) + 1);
        return store.backend.get(name, take, call);
      }) satisfies typeof store.backend.get,
    };
    const report = await checked(store, { deep: true }, { backend });
    expect(report).toMatchObject({ sets: 6, damage: [], never: { files: 0 } });
    expect([...fetched].filter(([name, times]) => name.includes('.vol') && times !== 1)).toEqual([]);
  });

  test('a content that is not what its signature tells', async () => {
    remake(named(VOLUME), (tar) => {
      tar[70_000] = (tar[70_000] ?? 0) ^ 1;
      return tar;
    });
    expect((await checked(store)).damage).toEqual([]);
    const { damage } = await checked(store, { deep: true });
    expect(damage).toMatchObject([
      { part: 'signatures', lost: { from: 'big' }, reason: expect.stringContaining('signature') },
    ]);
  });

  test('an archive that is cut, and names what follows it in no other set', async () => {
    const name = named(VOLUME);
    remake(name, (tar) => tar.subarray(0, 100_000));
    expect(damaged(await checked(store, { deep: true }))).toEqual([name]);
  });

  test('a path of another place than the manifest says', async () => {
    const name = named(VOLUME);
    editManifest(name, (text) => text.replace(/StartingPath {3}\. +/, 'StartingPath   aa  '));
    const { damage } = await checked(store, { deep: true });
    expect(damage).toMatchObject([
      { part: 'manifest', reason: expect.stringContaining('before what its manifest says') },
    ]);
  });

  test('signatures of another set', async () => {
    const [one, other] = [named(/new-signatures\.20231114/), named(/new-signatures\.20231115/)];
    store.backend.files.set(one, store.sound.get(other) ?? Buffer.alloc(0));
    rmSync(store.on.archive, { recursive: true });
    expect((await checked(store)).damage).toEqual([]);
    rmSync(store.on.archive, { recursive: true });
    const { damage } = await checked(store, { deep: true });
    expect(damage.length).toBeGreaterThan(0);
    expect(damage.every(({ file, part }) => part === 'signatures' && file === one)).toBe(true);
  });

  test('a volume that is missing once, and not in every set that builds on it', async () => {
    const name = named(/full\.20231114.*vol2/);
    store.backend.files.delete(name);
    expect(damaged(await checked(store, { deep: true }))).toEqual([name]);
  });
});
