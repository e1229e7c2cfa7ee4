import { appendFileSync, chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { Secret } from '../../util/secret.ts';
import type { Codec } from '../codec.ts';
import type { GpgSettings } from '../gpg/settings.ts';
import { decode, randomBytes, textBytes } from '../testing/files.ts';
import { ECC, GOLDEN, gpgHome, RSA } from '../testing/gpg-home.ts';
import { tempDir } from '../testing/temp-dir.ts';
import { openPgpCodec } from './openpgp.ts';

/** What gpg writes, with all its options, comes back: read here, or by gpg where that is needed. */

const home = gpgHome();
beforeAll(() => home.add('rsa.sec', 'ecc.sec'));

const TEXT = textBytes(20_000);
const NO_GPG = '/nonexistent/gpg';

function codec(over: Partial<GpgSettings> = {}, warnings: string[] = []): Codec {
  return openPgpCodec(home.settings(over), (text) => void warnings.push(text));
}

/** A file gpg has encrypted. */
function encrypted(content: Buffer, ...args: string[]): string {
  const path = join(tempDir(), 'f');
  writeFileSync(path, content);
  home.gpg('--trust-model=always', '--s2k-count=65536', '--output', `${path}.gpg`, ...args, path);
  return `${path}.gpg`;
}

const AES = ['AES', 'AES192', 'AES256'];
const OTHER = ['3DES', 'CAST5', 'BLOWFISH', 'TWOFISH', 'CAMELLIA256'];
const HERE = ['none', 'zip', 'zlib'];

test.each(AES.flatMap((cipher) => HERE.map((compression) => [cipher, compression])))(
  '%s with compression %s is read without gpg',
  async (cipher = '', compression = '') => {
    const path = encrypted(TEXT, '--cipher-algo', cipher, '--compress-algo', compression, '--symmetric');
    expect((await decode(codec({ binary: NO_GPG }), path)).equals(TEXT)).toBe(true);
  },
);

test.each([
  ...[...AES, ...OTHER].map((cipher) => [cipher, 'bzip2']),
  ...OTHER.flatMap((cipher) => HERE.map((compression) => [cipher, compression])),
])('%s with compression %s is left to gpg', async (cipher = '', compression = '') => {
  const path = encrypted(TEXT, '--cipher-algo', cipher, '--compress-algo', compression, '--symmetric');
  expect((await decode(codec(), path)).equals(TEXT)).toBe(true);
  await expect(decode(codec({ binary: NO_GPG }), path)).rejects.toThrow('no such program');
});

test.each(
  ['0', '1', '3'].flatMap((mode) =>
    ['SHA1', 'SHA256', 'SHA384', 'SHA512', 'SHA224', 'RIPEMD160', 'MD5'].map((digest) => [mode, digest]),
  ),
)('a passphrase hashed in mode %s with %s opens', async (mode = '', digest = '') => {
  const path = encrypted(TEXT, '--s2k-mode', mode, '--s2k-digest-algo', digest, '--symmetric');
  expect((await decode(codec({ binary: NO_GPG }), path)).equals(TEXT)).toBe(true);
});

test.each([
  ['rfc4880', ['--rfc4880', '--symmetric']],
  ['openpgp', ['--openpgp', '--symmetric']],
  ['rfc2440', ['--rfc2440', '--cipher-algo', 'AES', '--symmetric']],
  ['without code', ['--disable-mdc', '--symmetric']],
  ['text', ['--textmode', '--symmetric']],
  ['for two', ['--recipient', RSA, '--recipient', ECC, '--encrypt']],
  ['for a hidden one', ['--hidden-recipient', RSA, '--encrypt']],
  ['for a hidden stranger first', ['--hidden-recipient', RSA, '--recipient', ECC, '--encrypt']],
  ['AES128 for one', ['--cipher-algo', 'AES', '--recipient', RSA, '--encrypt']],
  ['3DES for one', ['--cipher-algo', '3DES', '--recipient', RSA, '--encrypt']],
  ['signed', ['--local-user', RSA, '--recipient', ECC, '--sign', '--encrypt']],
  ['signed twice', ['--local-user', RSA, '--local-user', ECC, '--recipient', ECC, '--sign', '--encrypt']],
  ['signed and symmetric', ['--local-user', ECC, '--sign', '--symmetric']],
  ['signed, not compressed', ['--compress-algo', 'none', '--local-user', ECC, '--sign', '--symmetric']],
  ['armored', ['--armor', '--symmetric']],
])('what gpg writes %s comes back', async (_what, args) => {
  const path = encrypted(TEXT, ...args);
  expect((await decode(codec(), path)).equals(TEXT)).toBe(true);
});

test.each([0, 1, 511, 8191, 65_536, 1_000_000, 5_000_000])(
  '%i bytes come back, whether they compress or not',
  async (n) => {
    for (const content of [textBytes(n), randomBytes(n)]) {
      for (const compression of HERE) {
        const path = encrypted(content, '--compress-algo', compression, '--symmetric');
        expect((await decode(codec({ binary: NO_GPG }), path)).equals(content)).toBe(true);
      }
    }
  },
);

test('a message for a passphrase and a key opens with the passphrase alone', async () => {
  const path = encrypted(TEXT, '--recipient', RSA, '--encrypt', '--symmetric');
  expect((await decode(codec({ binary: NO_GPG }), path)).equals(TEXT)).toBe(true);
});

test('a message for a passphrase and a key is left to gpg when the passphrase does not open it', async () => {
  const path = encrypted(TEXT, '--recipient', RSA, '--encrypt', '--symmetric');
  const wrong = { passphrase: new Secret('wrong') };
  await expect(decode(codec({ ...wrong, binary: NO_GPG }), path)).rejects.toThrow('no such program');
  home.forget();
  await expect(decode(codec(wrong), path)).rejects.toMatchObject({ exitCode: 31, exception: 'GPGError' });
});

const SIGNED = ['--local-user', ECC, '--sign', '--symmetric'];

test.each([5000, 6_000_000])('%i signed bytes are read, their signer checked', async (length) => {
  const content = randomBytes(length);
  const path = encrypted(content, ...SIGNED);
  expect((await decode(codec(), path, { signer: ECC })).equals(content)).toBe(true);
  await expect(decode(codec(), path, { signer: RSA })).rejects.toMatchObject({ code: 'UNSIGNED_VOLUME' });
});

test('nothing of a volume with the wrong signer, or with none, is released', async () => {
  for (const path of [encrypted(TEXT, ...SIGNED), encrypted(TEXT, '--symmetric')]) {
    const blocks = codec().open(path, { name: 'f', signer: RSA, signal: new AbortController().signal });
    await expect(blocks[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'UNSIGNED_VOLUME' });
  }
});

test('without gpg signatures go unchecked with one warning, unless a signer is asked for', async () => {
  const path = encrypted(TEXT, ...SIGNED);
  const warnings: string[] = [];
  const reader = codec({ binary: NO_GPG }, warnings);
  for (let n = 0; n < 2; n++) expect((await decode(reader, path)).equals(TEXT)).toBe(true);
  expect(warnings).toEqual([expect.stringContaining('signatures are not checked')]);
  await expect(decode(reader, path, { signer: ECC })).rejects.toThrow('no such program');
});

/** A gpg that notes each call, and the file with the notes. */
function notingGpg(): { readonly binary: string; readonly calls: () => number } {
  const dir = tempDir();
  const [binary, notes] = [join(dir, 'gpg'), join(dir, 'notes')];
  appendFileSync(notes, '');
  writeFileSync(binary, `#!/bin/sh\ncase "$*" in *--version*) ;; *) echo >>${notes};; esac\nexec gpg "$@"\n`);
  chmodSync(binary, 0o755);
  return { binary, calls: () => readFileSync(notes, 'latin1').length };
}

test('gpg is asked once for the key of files that share it, and again when it could not tell', async () => {
  const path = encrypted(TEXT, '--recipient', RSA, '--encrypt');
  const { binary, calls } = notingGpg();
  const reader = codec({ binary });
  const read = await Promise.all([decode(reader, path), decode(reader, path)]);
  expect([...read, await decode(reader, path)].every((bytes) => bytes.equals(TEXT))).toBe(true);
  expect(calls()).toBe(1);
  const other = encrypted(TEXT, '--recipient', RSA, '--encrypt');
  await decode(reader, other);
  expect(calls()).toBe(2);
  home.forget();
  const locked = codec({ binary, passphrase: new Secret('wrong') });
  for (let n = 0; n < 2; n++) await expect(decode(locked, path)).rejects.toThrow('No secret key');
  expect(calls()).toBe(4);
});

test('a symmetric file is read without gpg being called', async () => {
  const { binary, calls } = notingGpg();
  await decode(codec({ binary }), encrypted(TEXT, '--symmetric'));
  expect(calls()).toBe(0);
});

test('a passphrase that gpg has from elsewhere is used: --passphrase-file', async () => {
  const path = encrypted(TEXT, '--symmetric');
  const file = join(tempDir(), 'passphrase');
  writeFileSync(file, 'golden\n');
  const options = ['--passphrase-file', file];
  expect((await decode(codec({ options, passphrase: new Secret('') }), path)).equals(TEXT)).toBe(true);
  expect((await decode(codec({ options, passphrase: new Secret('wrong') }), path)).equals(TEXT)).toBe(true);
});

test('an empty passphrase is left to gpg, which may know another one', async () => {
  const path = encrypted(TEXT, '--symmetric');
  await expect(decode(codec({ passphrase: new Secret('') }), path)).rejects.toMatchObject({ exitCode: 31 });
});

test.each(['sym', 'v3-sym', 'short-sym'])('the %s archive is read without gpg', async (chain) => {
  const reader = codec({ binary: NO_GPG });
  const files = readdirSync(join(GOLDEN, chain)).filter((name) => /\.g(pg)?$/.test(name));
  expect(files.length).toBeGreaterThan(5);
  for (const name of files) expect((await decode(reader, join(GOLDEN, chain, name))).length).toBeGreaterThan(0);
});
