import { expect, test } from 'vitest';
import { Secret } from '../../../util/secret.ts';
import { deriveKey, hashName, type S2k } from './s2k.ts';

/** Mode, hash, salt and session key of messages gpg 2.2.40 wrote with count 65536 and the passphrase `pässword`. */
const FROM_GPG: readonly [S2k['mode'], number, string, string][] = [
  [0, 2, '', '23b74494475f5f874980b7676d511e23'],
  [0, 10, '', '285de271b49e00ef6819cf0abbf0315e'],
  [0, 3, '', 'd43bffc36aa5d741eec50896787d5bd9'],
  [0, 1, '', '8e1843033a0f6ee52e2f618aa8ebbef4'],
  [1, 2, 'd49ae2916fd89d4e', '4fb53e76483b9d1b5111ac47ec55920b'],
  [1, 10, 'fd43f3584ea41683', 'bac8b5be2577eae3dae14daf8b1d9e7a'],
  [1, 3, '66770470e5f370bd', 'd22a5f5ab788fd0975a949a8ac678ec0'],
  [1, 1, '83ae41497266173a', 'f2a193e98ecd4088ec1f1c793a153a0a'],
  [3, 2, 'a93379981ef3c919', 'fd1399e31366153981a0c4166ea52391'],
  [3, 10, '576b5a6aa95a80e2', 'd962994879601b8a45ad23160daa7494'],
  [3, 3, '5071e538a0062771', 'fcc5cbcf9f5f0fe3e32ffca24def2909'],
  [3, 1, '1a4ef23b7c3de034', '9200baf520124fcc8a4a99b7473322ca'],
  [0, 2, '', '23b74494475f5f874980b7676d511e23d886da645a9d1f67fdb785a5f8e3b642'],
  [0, 10, '', '285de271b49e00ef6819cf0abbf0315e97c25cba3616167c770efc526c648b4d'],
  [0, 3, '', 'd43bffc36aa5d741eec50896787d5bd96eb838bda8f4e773d67269c0ef536332'],
  [0, 1, '', '8e1843033a0f6ee52e2f618aa8ebbef45f4a553e6a65dd4078b27d099731dbc4'],
  [1, 2, '53640c2c101d3e37', 'e8be1073f6fe5699e3810b9b46e828d54d3bc7430cca01ae60fe97870dbcbfca'],
  [1, 10, '355117ca3ba0cafe', '91a07af4add71cf828cc0a67e6f8a7460e87f0954bccd5c41b6a6a8c8cbb6573'],
  [1, 3, 'b904781df8389184', 'a913c5bab97203a3427d1a577c1150ea4f4f32f09e6866139e19367df716f390'],
  [1, 1, '8b8b90d69c507bf7', 'd0168ab799b3782cc4fa2e0e8a1d68e1df6438e0dd3adeb679895536c44f871f'],
  [3, 2, '894af7b101b9d4b6', '06e20c48cc64288df65a0d6a8e1b0f3194058c64e5cb7fd2295821cb8f80947e'],
  [3, 10, '969341f8ea38e858', '1140ff828cefc26aa0acdb89c84ec5cc8a80ed6d91936b3462ecbe8daf37b466'],
  [3, 3, 'e21a8ac8e07905d2', '371ee59065aa67f1ee86e5c58be3ee5b2fbb8c2216081b24e823ca214e5fa988'],
  [3, 1, 'af0071cc3d600556', '2faaa892424628c355be3fb12e4509123002f9a3d2fc5509902454037949fd0f'],
];

const s2k = (mode: S2k['mode'], hash: number, salt: string, count = 65_536): S2k => ({
  mode,
  hash,
  salt: Buffer.from(salt, 'hex'),
  count,
});

test.each(FROM_GPG)('mode %i, hash %i, salt %s gives the key gpg derives', (mode, hash, salt, key) => {
  const secret = new Secret('pässword');
  expect(deriveKey(s2k(mode, hash, salt), secret, key.length / 2).toString('hex')).toBe(key);
});

test('a count below the length of the passphrase hashes it whole', () => {
  const secret = new Secret('x'.repeat(500));
  const salted = deriveKey(s2k(1, 8, '0102030405060708'), secret, 32);
  expect(deriveKey(s2k(3, 8, '0102030405060708', 100), secret, 32)).toEqual(salted);
});

test('a passphrase ends with its first line, as it does for gpg', () => {
  const [line, two] = [new Secret('one'), new Secret('one\ntwo')];
  expect(deriveKey(s2k(1, 8, '0102030405060708'), two, 32)).toEqual(deriveKey(s2k(1, 8, '0102030405060708'), line, 32));
});

test('the empty passphrase has a key too', () => {
  expect(deriveKey(s2k(0, 2, ''), new Secret(''), 16).toString('hex')).toBe('da39a3ee5e6b4b0d3255bfef95601890');
});

test('a key is derived once for a secret, salt, count and length', () => {
  const secret = new Secret('p');
  const key = deriveKey(s2k(3, 2, '0102030405060708'), secret, 32);
  expect(deriveKey(s2k(3, 2, '0102030405060708'), secret, 32)).toBe(key);
  expect(deriveKey(s2k(3, 2, '0102030405060708'), secret, 16)).toEqual(key.subarray(0, 16));
  expect(deriveKey(s2k(3, 2, '0102030405060709'), secret, 32)).not.toEqual(key);
  expect(deriveKey(s2k(3, 2, '0102030405060708', 70_000), secret, 32)).not.toEqual(key);
  expect(deriveKey(s2k(3, 2, '0102030405060708'), new Secret('q'), 32)).not.toEqual(key);
});

test('an unknown hash has no name', () => {
  expect([hashName(0), hashName(2), hashName(99)]).toEqual([undefined, 'sha1', undefined]);
});
