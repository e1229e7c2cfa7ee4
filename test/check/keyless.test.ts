import { rmSync } from 'node:fs';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { PASSPHRASE } from '../support/gnupg.ts';
import { checked, damaged, flip, makeStore, type Store } from './store.ts';

const KEY = { env: { PASSPHRASE } };

let store: Store;
beforeAll(async () => {
  store = await makeStore({ settings: { noEncryption: false }, env: KEY.env, sets: 2 });
});
afterEach(() => store.mend());

const named = (part: RegExp): string => [...store.sound.keys()].toSorted().find((name) => part.test(name)) ?? '';

test('without the key, volumes are proven by the manifests of the archive dir, and what stays unproven is told', async () => {
  const report = await checked(store);
  const volumes = [...store.sound.keys()].filter((name) => name.includes('.vol'));
  expect(report).toMatchObject({ sets: 2, damage: [], now: { files: volumes.length }, never: { files: 0 } });
  expect(report.unproven.map(({ why }) => why)).toEqual(Array.from({ length: 4 }, () => 'needsKey'));
  const volume = named(/inc.*vol2/);
  flip(store, volume, 12_345);
  const { damage } = await checked(store);
  expect(damage).toMatchObject([{ kind: 'changed', part: 'volume', file: volume, lost: { from: 'big', to: 'big' } }]);
});

test('without the key and the archive dir, names and sizes count and nothing is said to be proven', async () => {
  rmSync(store.on.archive, { recursive: true });
  const report = await checked(store);
  expect(report).toMatchObject({ sets: 2, damage: [], now: { files: 0 }, never: { files: 0 } });
  expect(report.unproven).toHaveLength(store.sound.size);
  const [gone, short] = [named(/inc.*vol1/), named(/full.*manifest/)];
  store.backend.files.delete(gone);
  store.backend.files.set(short, Buffer.alloc(3));
  expect(damaged(await checked(store))).toEqual([short, gone].toSorted());
});

test('with the key, without the archive dir, all is proven', async () => {
  rmSync(store.on.archive, { recursive: true });
  const report = await checked(store, {}, KEY);
  expect(report).toMatchObject({ damage: [], unproven: [] });
  expect(report.now.files).toBe(store.sound.size - 2);
});

test.each([['manifest'], ['sigtar']])('with the key every flipped bit of a %s is found', async (part) => {
  const name = named(new RegExp(part));
  const bits = (store.sound.get(name)?.length ?? 0) * 8;
  const step = process.env['CHECK'] === 'all' ? Math.ceil(bits / 40) : Math.ceil(bits / 4);
  for (let bit = 0; bit < bits; bit += step) {
    store.mend();
    flip(store, name, bit);
    expect({ bit, found: damaged(await checked(store, {}, KEY)) }).toEqual({ bit, found: [name] });
  }
});

test('what was decoded once is known without the key ever after', async () => {
  await checked(store, {}, KEY);
  const report = await checked(store);
  expect(report.unproven.map(({ file }) => file)).toEqual([]);
  const signatures = named(/sigtar/);
  flip(store, signatures, 5000);
  expect(damaged(await checked(store))).toEqual([signatures]);
});

test('with another passphrase nobody is told of damage that is none', async () => {
  const report = await checked(store, {}, { env: { PASSPHRASE: 'another' } });
  expect(report.damage).toEqual([]);
  expect(report.unproven).toHaveLength(4);
});
