import { generateKeyPairSync, verify } from 'node:crypto';
import { writeFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { tempDir } from '../../../test/support/temp.ts';
import { Secret } from '../../util/secret.ts';
import { loadKey } from './private-key.ts';

const PASSPHRASE = 'key:pass@phrase/';
const CIPHER = { cipher: 'aes-256-cbc', passphrase: PASSPHRASE };
const PKCS8 = { type: 'pkcs8', format: 'pem' } as const;

/** A pair whose private half is a file. */
function keyFile(kind: string, text: string | Buffer): string {
  const file = `${tempDir()}/${kind}`;
  writeFileSync(file, text);
  return file;
}

const PAIRS = {
  'ssh-rsa': () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  'ecdsa-sha2-nistp256': () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  'ecdsa-sha2-nistp521': () => generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  'ssh-ed25519': () => generateKeyPairSync('ed25519'),
};

test.each(Object.entries(PAIRS))('a key %s in PKCS#8 is read, clear and encrypted, and signs', async (type, make) => {
  const { privateKey, publicKey } = make();
  const clear = keyFile('clear', String(privateKey.export(PKCS8)).replaceAll('\n', '\r\n'));
  const locked = keyFile('locked', privateKey.export({ ...PKCS8, ...CIPHER }));
  const nobody = (): never => {
    throw new Error('nobody may be asked');
  };
  for (const key of [await loadKey(clear, nobody), await loadKey(locked, async () => new Secret(PASSPHRASE))]) {
    if (typeof key !== 'object') throw new Error(key);
    expect([key.type, key.isPrivateKey()]).toEqual([type, true]);
    const data = Buffer.from('what the server wants signed');
    const hash = type === 'ssh-ed25519' ? null : type.endsWith('521') ? 'sha512' : 'sha256';
    const signed = key.sign(data, type === 'ssh-rsa' ? 'sha256' : undefined);
    expect(verify(hash, data, publicKey, signed)).toBe(true);
  }
});

test('a wrong or missing passphrase is told', async () => {
  const locked = keyFile('locked', PAIRS['ssh-ed25519']().privateKey.export({ ...PKCS8, ...CIPHER }));
  expect(await loadKey(locked, async () => new Secret('wrong'))).toBe('the passphrase does not open it');
  expect(await loadKey(locked, async () => undefined)).toBe('needs a passphrase');
});

test.each([
  [
    'dsa',
    () => generateKeyPairSync('dsa', { modulusLength: 1024, divisorLength: 160 }).privateKey.export(PKCS8),
    /^a key of DSA, .*ssh-keygen -t ed25519/,
  ],
  ['x25519', () => generateKeyPairSync('x25519').privateKey.export(PKCS8), /^of an unsupported kind$/],
  [
    'ppk3',
    () => 'PuTTY-User-Key-File-3: ssh-ed25519\r\nEncryption: none\r\n',
    /^a key of PuTTY's: .*puttygen \/\S+ -O private-openssh/,
  ],
  ['ppk2', () => 'PuTTY-User-Key-File-2: ecdsa-sha2-nistp256\nEncryption: none\n', /^a key of PuTTY's/],
  [
    'public',
    () => 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGz+Wguer7zATCPmZShEwWZ+I3vfwRN86V2mmOV5W6Eb',
    /^no private key$/,
  ],
  ['nonsense', () => '-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----\n', /^of an unsupported kind$/],
])('%s is refused by a sentence', async (kind, make, said) => {
  expect(await loadKey(keyFile(kind, make()), async () => undefined)).toMatch(said);
});
