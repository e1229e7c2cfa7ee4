import { expect, test } from 'vitest';
import { Secret } from '../../../util/secret.ts';
import { keyDeriver } from './key-deriver.ts';
import { deriveKey, type S2k } from './s2k.ts';

const salted = (salt: number, count = 1_000_000): S2k => ({ mode: 3, hash: 2, salt: Buffer.alloc(8, salt), count });

test('many keys at once, more than there are threads, are those derived one by one', async () => {
  const derive = keyDeriver();
  const salts = Array.from({ length: 20 }, (_, n) => n);
  const keys = await Promise.all(salts.map((salt) => derive(salted(salt), new Secret('pässword'), 32)));
  expect(keys).toEqual(salts.map((salt) => deriveKey(salted(salt), new Secret('pässword'), 32)));
});

test('threads that are there serve whoever comes later, and hold nobody up', async () => {
  const derive = keyDeriver();
  const secret = new Secret('p');
  await Promise.all([derive(salted(1), secret, 16), derive(salted(2), secret, 16)]);
  expect(await derive(salted(3), secret, 16)).toEqual(deriveKey(salted(3), new Secret('p'), 16));
});

test('a key that several ask for is derived once', async () => {
  const derive = keyDeriver();
  const secret = new Secret('p');
  const [one, two] = await Promise.all([derive(salted(1), secret, 32), derive(salted(1), secret, 32)]);
  expect(two).toBe(one);
  expect(await derive(salted(1), secret, 32)).toBe(one);
});

test('two secrets have keys of their own', async () => {
  const derive = keyDeriver();
  const [one, two] = await Promise.all([
    derive(salted(1), new Secret('p'), 32),
    derive(salted(1), new Secret('q'), 32),
  ]);
  expect(two).not.toEqual(one);
});
