import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { requireMount, tmpfs } from '../../../test/support/tmpfs.ts';
import { Secret } from '../../util/secret.ts';
import type { EncodedFile } from '../codec.ts';
import type { GpgSettings } from '../gpg/settings.ts';
import { encode, never, randomBytes, slices, textBytes, writeAll } from '../testing/files.ts';
import { ECC, gpgHome, RSA } from '../testing/gpg-home.ts';
import { gpgProcesses, SECRETS, shownByGpg } from '../testing/gpg-processes.ts';
import { tempDir } from '../testing/temp-dir.ts';
import { openPgpCodec } from './openpgp.ts';

const home = gpgHome();
beforeAll(() => home.add('rsa.sec', 'ecc.sec'));

const codec = (over: Partial<GpgSettings> = {}): ReturnType<typeof openPgpCodec> =>
  openPgpCodec(home.settings(over), () => {});

/** What gpg makes of a file: its content, the packets it is made of, and its verdict. Throws when gpg is not content. */
function gpgReads(path: string): { readonly content: Buffer; readonly told: string } {
  const packets = home.gpg('--list-packets', path);
  const output = `${path}.out`;
  const status = home.gpg('--status-fd=1', '--trust-model=always', '--yes', '--output', output, '--decrypt', path);
  expect(status).toContain('GOODMDC');
  return { content: readFileSync(output), told: `${packets}${status}` };
}

const CHEAP = '--s2k-count=65536';
const TRUST = '--trust-model=always';

const MODES: readonly [string, Partial<GpgSettings>, RegExp][] = [
  ['symmetric', {}, /^:symkey enc packet: version 4, cipher 9, aead 0,s2k 3, hash 8[^]*:compressed packet: algo=1/m],
  ['for a recipient', { recipients: [RSA] }, /^:pubkey enc packet: version 3, algo 1, keyid EC8AB4E7D34854AA$/m],
  ['for a hidden recipient', { hiddenRecipients: [ECC] }, /^:pubkey enc packet: .* keyid 0000000000000000$/m],
  ['for two', { recipients: [RSA, ECC] }, /^:pubkey enc[^]*^:pubkey enc/m],
  [
    'for two, signed',
    { recipients: [RSA], hiddenRecipients: [ECC], signKey: ECC },
    /^:onepass_sig packet: keyid 0FC361F22F3AB9E8$[^]*GOODSIG 0FC361F22F3AB9E8/m,
  ],
  [
    'symmetric and signed',
    { signKey: RSA },
    /^:onepass_sig packet: keyid 1892105128621A1A$[^]*GOODSIG 1892105128621A1A/m,
  ],
  ['not compressed', { compression: false }, /mdc_method: 2\n# [^\n]*\n:literal data packet:/],
  ['not compressed for a recipient', { recipients: [RSA], compression: false }, /mdc_method: 2\n# [^\n]*\n:literal/],
  ['at level 0', { compressionLevel: 0 }, /mdc_method: 2\n# [^\n]*\n:literal data packet:/],
  ['with ZLIB', { options: [CHEAP, '--compress-algo', 'zlib'] }, /:compressed packet: algo=2/],
  [
    'with ZLIB for a recipient, AES-128',
    { recipients: [RSA], options: [TRUST, '--compress-algo', 'zlib', '--cipher-algo', 'AES'] },
    /:compressed packet: algo=2[^]*DECRYPTION_INFO 2 7/,
  ],
  [
    'with AES-192 and SHA-512',
    { options: [CHEAP, '--s2k-cipher-algo', 'AES192', '--s2k-digest-algo', 'SHA512'] },
    /cipher 8, aead 0,s2k 3, hash 10/,
  ],
];

const CONTENTS: readonly Buffer[] = [
  ...[0, 1, 511, 512, 513, 65_535, 65_536, 65_537].map((length) => textBytes(length)),
  randomBytes(200_000),
  Buffer.concat([textBytes(2_500_000), randomBytes(2_000_000), textBytes(1_500_000)]),
];

test.each(MODES)('what is written %s is what gpg reads', async (_mode, over, told) => {
  const dir = tempDir();
  const writer = codec(over);
  // gpg's own files do not say this.
  const ours = await writer.create(join(dir, 'ours'), never);
  expect(ours.returnsBlocks).toBe(true);
  await ours.abort();
  for (const [n, content] of CONTENTS.entries()) {
    const path = join(dir, `${n}`);
    expect(await encode(writer, path, slices(content, 50_000))).toBe(statSync(path).size);
    const read = gpgReads(path);
    expect(read.content.equals(content)).toBe(true);
    expect(read.told).toMatch(told);
  }
});

test('gpg reads any content in any blocks, compressed or not', async () => {
  const dir = tempDir();
  const writers = [codec(), codec({ compression: false })];
  let n = 0;
  const part = fc.record({ length: fc.integer({ min: 0, max: 300_000 }), isText: fc.boolean(), seed: fc.nat() });
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 6 }), fc.nat({ max: 1 }), async (parts, which) => {
      const blocks = parts.map(({ length, isText, seed }) => (isText ? textBytes(length) : randomBytes(length, seed)));
      const writer = writers[which] ?? codec();
      const path = join(dir, `${n++}`);
      await encode(writer, path, blocks);
      expect(gpgReads(path).content.equals(Buffer.concat(blocks))).toBe(true);
    }),
    { numRuns: 20 },
  );
});

test('files of a run share salt and key, and have nothing else in common', async () => {
  const dir = tempDir();
  const writer = codec();
  const content = [textBytes(300_000)];
  const files: Buffer[] = [];
  for (const name of ['a', 'b']) {
    await encode(writer, join(dir, name), content);
    files.push(readFileSync(join(dir, name)));
  }
  const [a = Buffer.alloc(0), b = Buffer.alloc(0)] = files;
  expect(a.length).toBe(b.length);
  expect(a.subarray(0, 15).equals(b.subarray(0, 15))).toBe(true);
  expect(a.subarray(18, 34).equals(b.subarray(18, 34))).toBe(false);
  await encode(codec(), join(dir, 'c'), content);
  expect(readFileSync(join(dir, 'c')).subarray(0, 15).equals(a.subarray(0, 15))).toBe(false);
});

async function sizes(file: EncodedFile, blocks: readonly Buffer[], pause: () => Promise<void>): Promise<number[]> {
  const seen: number[] = [];
  for (const block of blocks) {
    await file.write(Buffer.from(block));
    seen.push(file.size());
    await pause();
  }
  await file.abort();
  return seen;
}

test.each<[string, Partial<GpgSettings>]>([
  ['symmetric', {}],
  ['signed', { recipients: [RSA], signKey: RSA }],
])('size depends on what was written only, not on how fast the pool was: %s', async (_mode, over) => {
  const dir = tempDir();
  const writer = codec(over);
  const blocks = slices(Buffer.concat([textBytes(1_500_000), randomBytes(500_000)]), 30_000);
  const later = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 3));
  const fast = await sizes(await writer.create(join(dir, 'a'), never), blocks, async () => {});
  const slow = await sizes(await writer.create(join(dir, 'b'), never), blocks, later);
  expect(slow).toEqual(fast);
  expect(fast.at(-1)).toBeGreaterThan(500_000);
});

test('at most 200 KiB of a small volume are on the way to the file', async () => {
  const file = await codec().create(join(tempDir(), 'f.gpg'), never);
  for (const block of slices(randomBytes(1_000_000), 10_000)) await file.write(Buffer.from(block));
  expect(file.size()).toBeGreaterThan(1_000_000 - 200 * 1024);
  await file.abort();
});

test('a block may be filled again when write has answered', async () => {
  const path = join(tempDir(), 'f.gpg');
  const file = await codec({ signKey: RSA }).create(path, never);
  expect(file.returnsBlocks).toBe(true);
  const content = slices(Buffer.concat([textBytes(900_000), randomBytes(400_000)]), 100_000);
  const block = Buffer.allocUnsafeSlow(100_000);
  for (const part of content) {
    part.copy(block);
    await file.write(block.subarray(0, part.length));
    block.fill(0);
  }
  await file.finish();
  expect(gpgReads(path).content.equals(Buffer.concat(content))).toBe(true);
});

test('text is hardly larger than gpg makes it at its level, and with a passphrase at ours', async () => {
  const dir = tempDir();
  const bytes = textBytes(3_000_000);
  writeFileSync(join(dir, 'text'), bytes);
  for (const [over, mode] of [
    [{}, ['--symmetric', CHEAP]],
    [{ recipients: [RSA], compressionLevel: 6 }, ['--encrypt', TRUST, '--recipient', RSA]],
  ] as const) {
    const size = await encode(codec(over), join(dir, `${mode.length}`), slices(bytes, 65_536));
    home.gpg('--output', join(dir, `${mode.length}.gpg`), ...mode, join(dir, 'text'));
    // Lines of this kind suffer most from the lower level; see DEFAULT_LEVEL for real ones.
    expect(size).toBeLessThan(statSync(join(dir, `${mode.length}.gpg`)).size * 1.12);
  }
});

test('the level is honoured, the one of this program before that of gpg', async () => {
  const dir = tempDir();
  const bytes = slices(textBytes(500_000), 65_536);
  const size = (name: string, over: Partial<GpgSettings>): Promise<number> =>
    encode(codec(over), join(dir, name), bytes);
  const [fast, small] = [await size('1', { compressionLevel: 1 }), await size('9', { compressionLevel: 9 })];
  expect(small).toBeLessThan(fast);
  expect(await size('z9', { options: [CHEAP, '-z', '9'] })).toBe(small);
  expect(await size('z9, 1', { options: [CHEAP, '-z9'], compressionLevel: 1 })).toBe(fast);
});

describe('what goes wrong', () => {
  test('abort removes the file, also twice', async () => {
    for (const over of [{}, { recipients: [RSA], signKey: RSA }]) {
      const path = join(tempDir(), 'f.gpg');
      const file = await codec(over).create(path, never);
      await file.write(randomBytes(900_000));
      await file.abort();
      await file.abort();
      expect(existsSync(path)).toBe(false);
      expect(gpgProcesses()).toEqual([]);
    }
  });

  test('an aborted run ends writing with its reason and removes the file', async () => {
    for (const over of [{}, { recipients: [RSA], signKey: RSA }]) {
      const path = join(tempDir(), 'f.gpg');
      const control = new AbortController();
      const file = await codec(over).create(path, control.signal);
      await file.write(randomBytes(200_000));
      control.abort(new Error('stop'));
      await expect((async () => file.write(randomBytes(900_000)))()).rejects.toThrow('stop');
      await expect(file.finish()).rejects.toThrow('stop');
      expect(existsSync(path)).toBe(false);
      expect(gpgProcesses()).toEqual([]);
    }
  });

  test('a file that is already there is left alone', async () => {
    const path = join(tempDir(), 'f.gpg');
    writeFileSync(path, 'kept');
    await expect(codec().create(path, never)).rejects.toMatchObject({ code: 'EXCEPTION' });
    expect(readFileSync(path, 'utf8')).toBe('kept');
  });

  test.runIf(requireMount())('a full disk is told, and what was written is removed', async () => {
    const path = join(tmpfs(256 * 1024) ?? '', 'f.gpg');
    const file = await codec().create(path, never);
    await expect(writeAll(file, slices(randomBytes(3_000_000), 65_536))).rejects.toThrow('[Errno 28] No space left');
    await file.abort();
    expect(existsSync(path)).toBe(false);
  });

  test.each<[string, Partial<GpgSettings>, string, RegExp]>([
    ['unknown recipient', { recipients: ['DEADBEEF'] }, 'recipient DEADBEEF: its public key is not', /--import/],
    ['untrusted recipient', { recipients: [ECC], options: [] }, 'nothing assures that the key', /trust-model always/],
    [
      'missing signing key',
      { recipients: [RSA], signKey: '0123456789ABCDEF' },
      'the secret key to sign with is not here',
      /--sign-key/,
    ],
    ['empty passphrase', { passphrase: new Secret('') }, 'the passphrase is empty', /^Set PASSPHRASE/],
    [
      'empty passphrase of one line',
      { passphrase: new Secret('\nmore') },
      'the passphrase is empty',
      /^Set PASSPHRASE/,
    ],
  ])('an %s is told before there is a file, as gpg tells it', async (_what, over, reason, hint) => {
    const dir = tempDir();
    const failure = await codec(over)
      .create(join(dir, 'f.gpg'), never)
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({
      name: 'CryptoError',
      exitCode: 31,
      exception: 'GPGError',
      message: expect.stringContaining(reason) as string,
      hint: expect.stringMatching(hint) as string,
    });
    expect((failure as Error).message).toMatch(
      /^GPG Failed, see log below:\n===== Begin GnuPG log =====\n[^]*\n===== End GnuPG log =====\nCannot encrypt: /,
    );
    expect(readdirSync(dir)).toEqual([]);
  });

  test('a wrong passphrase of the signing key names the variable', async () => {
    home.forget();
    const locked = codec({ recipients: [RSA], signKey: RSA, signPassphrase: new Secret('wrong') });
    const failure = await locked.create(join(tempDir(), 'f.gpg'), never).catch((error: unknown) => error);
    expect(failure).toMatchObject({ exitCode: 31, hint: expect.stringMatching(/SIGN_PASSPHRASE/) as string });
  });
});

test('no secret stands on the command line or in the environment of gpg', async () => {
  const shown = await shownByGpg(codec({ env: { ...home.env, ...SECRETS }, signKey: RSA }));
  expect(shown.words).toContain('--detach-sign');
  expect(shown.environment).toContain('KEPT=yes');
  expect(shown.words + shown.environment).not.toContain('golden');
});
