import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { DuplicityError } from '../../errors/errors.ts';
import { Secret } from '../../util/secret.ts';
import type { Codec } from '../codec.ts';
import type { GpgSettings } from '../gpg/settings.ts';
import { decode, encode, never, randomBytes, textBytes } from './files.ts';
import { ECC, GOLDEN, gpgHome, type GpgHome, RSA } from './gpg-home.ts';
import { gpgProcesses } from './gpg-processes.ts';
import { literalPacket, symmetricMessage } from './openpgp.ts';
import { tempDir } from './temp-dir.ts';

const VOLUME = 'duplicity-full.20231114T221320Z.vol1.difftar.gpg';

const ECC_PRINT = '86CCD663F8EC3C5C0F95E2810FC361F22F3AB9E8';
const BLOCK = /^GPG Failed, see log below:\n===== Begin GnuPG log =====\n[^]*\n===== End GnuPG log =====\nCannot /;

const SYM = readFileSync(join(GOLDEN, 'sym', VOLUME));

/** What every reader of OpenPGP files does, sound ones and others. */
export function readsOpenPgp(codecOf: (settings: GpgSettings, warn: (text: string) => void) => Codec): void {
  const home = gpgHome();
  const stranger = gpgHome();
  const codec = (over: Partial<GpgSettings> = {}): Codec => codecOf(home.settings(over), () => {});

  beforeAll(() => home.add('rsa.sec', 'ecc.sec'));

  /** The failure of reading `file`, or of the golden archive with that name, and the warnings on the way. */
  async function readFailure(
    file: string | Buffer,
    over: Partial<GpgSettings> = {},
    { at = home, signer }: { at?: GpgHome; signer?: string } = {},
  ): Promise<{ error: DuplicityError | undefined; warnings: string[] }> {
    const path = typeof file === 'string' ? join(GOLDEN, file, VOLUME) : join(tempDir(), 'f.gpg');
    if (typeof file !== 'string') writeFileSync(path, file);
    const warnings: string[] = [];
    const codec = codecOf(at.settings(over), (text) => void warnings.push(text));
    try {
      await decode(codec, path, { name: 'vol3', ...(signer === undefined ? {} : { signer }) });
      return { error: undefined, warnings };
    } catch (error) {
      if (!(error instanceof DuplicityError)) throw error;
      return { error, warnings };
    }
  }

  test.each([
    ['sym', 212_976],
    ['pub', 194_560],
    ['signed', 194_560],
    ['hidden', 40_960],
    ['symsigned', 40_960],
  ])('the %s archive of the reference is read', async (chain, length) => {
    const bytes = await decode(codec(), join(GOLDEN, chain, VOLUME));
    expect(bytes).toHaveLength(length);
    expect(bytes.toString('latin1', 257, 262)).toBe('ustar');
  });

  test.each([
    ['signed', ECC],
    ['signed', `0x${ECC.toLowerCase()}`],
    ['signed', '2F3AB9E8'],
    ['signed', ECC_PRINT],
    ['symsigned', RSA],
    ['v3-signed', ECC],
  ])('the %s archive is signed by %s', async (chain, signer) => {
    expect((await decode(codec(), join(GOLDEN, chain, VOLUME), { signer })).length).toBeGreaterThan(0);
  });

  test.each([
    ['signed', RSA, ECC],
    ['symsigned', ECC, RSA],
    ['signed', '0000000000000000000000000FC361F22F3AB9E8', ECC],
    ['pub', RSA, 'None'],
    ['sym', RSA, 'None'],
  ])('the %s archive is not signed by %s', async (chain, signer, found) => {
    await expect(decode(codec(), join(GOLDEN, chain, VOLUME), { signer })).rejects.toMatchObject({
      code: 'UNSIGNED_VOLUME',
      exitCode: 22,
      message: `Volume was signed by key ${found}, not ${signer}`,
    });
  });

  test('an archive reader that stops early leaves neither error nor process', async () => {
    const path = join(tempDir(), 'f.gpg');
    await encode(codec({ recipients: [RSA], compression: false }), path, [randomBytes(3_000_000)]);
    for await (const block of codec().open(path, { name: 'f', signal: never })) {
      expect(block.length).toBeGreaterThan(0);
      break;
    }
    expect(gpgProcesses()).toEqual([]);
  });

  test('an aborted run ends reading with its reason', async () => {
    const control = new AbortController();
    const blocks = codec().open(join(GOLDEN, 'pub', VOLUME), { name: 'f', signal: control.signal });
    const reader = blocks[Symbol.asyncIterator]();
    await reader.next();
    control.abort(new Error('stop'));
    const rest = (async () => {
      while (!(await reader.next()).done);
    })();
    await expect(rest).rejects.toThrow('stop');
    expect(gpgProcesses()).toEqual([]);
  });

  test('a wrong passphrase gives the text front ends search for', async () => {
    const { error } = await readFailure('sym', { passphrase: new Secret('wrong') });
    expect(error).toMatchObject({ name: 'CryptoError', exitCode: 31, exception: 'GPGError' });
    expect(error?.message).toMatch(BLOCK);
    expect(error?.message).toContain('gpg: decryption failed: Bad session key\n');
    expect(error?.message).toContain('Cannot decrypt vol3: the passphrase is wrong.');
    expect(error?.hint).toMatch(/^Check PASSPHRASE/);
  });

  test('a wrong passphrase of the secret key tells so, and says No secret key as gpg does', async () => {
    home.forget();
    const { error } = await readFailure('pub', { passphrase: new Secret('wrong') });
    expect(error).toMatchObject({ name: 'CryptoError', exitCode: 31 });
    expect(error?.message).toContain('gpg: decryption failed: No secret key');
    expect(error?.message).toContain('the passphrase does not unlock the secret key.');
  });

  test('a missing secret key says No secret key, in a home gpg has never seen', async () => {
    const { error } = await readFailure('pub', {}, { at: stranger });
    expect(error).toMatchObject({ name: 'CryptoError', exitCode: 31 });
    expect(error?.message).toContain('gpg: decryption failed: No secret key');
    expect(error?.hint).toMatch(/^Import the secret key/);
  });

  test('an agent that cannot ask is told apart', async () => {
    home.forget();
    const { error } = await readFailure('pub', { useAgent: true });
    expect(error).toMatchObject({ exitCode: 31 });
    expect(error?.message).toContain('gpg-agent could not ask for the passphrase.');
  });

  test.each([
    ['changed in its integrity code, which gpg lets through', flipped(-5)],
    ['changed in the middle', flipped(SYM.length >> 1)],
    ['cut in the middle', SYM.subarray(0, SYM.length >> 1)],
    ['cut by one byte', SYM.subarray(0, -1)],
    ['followed by other bytes', Buffer.concat([SYM, Buffer.alloc(50)])],
    ['empty', Buffer.alloc(0)],
    ['no OpenPGP file', Buffer.from('hello '.repeat(50))],
    ['OpenPGP, but not encrypted', literalPacket(textBytes(1000))],
  ])('a file that is %s is damaged', async (_what, bytes) => {
    const { error } = await readFailure(bytes);
    expect(error).toMatchObject({ name: 'IntegrityError', code: 'GPG_FAILED', exception: 'GPGError' });
    expect(error?.message).toMatch(/\nCannot decrypt vol3: it (is|has been) [^\n]+\.$/);
    expect(error?.message).toMatch(BLOCK);
  });

  test('an old message without integrity code is read with a warning', async () => {
    const old = symmetricMessage('golden', literalPacket(textBytes(1000)), false);
    const { error, warnings } = await readFailure(old);
    expect(error).toBeUndefined();
    expect(warnings).toEqual([expect.stringMatching(/^vol3 was written without integrity protection/)]);
  });

  test('a stray packet 14 behind sound data is tolerated, as by the reference', async () => {
    const inner = Buffer.concat([literalPacket(textBytes(1000)), Buffer.from([0x14])]);
    const { error, warnings } = await readFailure(symmetricMessage('golden', inner, true));
    expect(error).toBeUndefined();
    expect(warnings).toEqual([expect.stringContaining('invalid packet (ctb=14)')]);
  });

  test('a stray packet 15, or 14 in a changed file, is not tolerated', async () => {
    const stray = (byte: number): Buffer =>
      symmetricMessage('golden', Buffer.concat([literalPacket(textBytes(1000)), Buffer.from([byte])]), true);
    const changed = stray(0x14);
    changed[changed.length - 3] = (changed[changed.length - 3] ?? 0) ^ 1;
    for (const message of [stray(0x15), changed]) {
      expect((await readFailure(message)).error).toMatchObject({ name: 'IntegrityError', exitCode: 31 });
    }
  });

  test('a signature that does not fit the data is damage, also when nobody asked for a signer', async () => {
    const path = join(tempDir(), 'signed');
    writeFileSync(path, 'the very original text');
    home.gpg('--compress-algo', 'none', '--local-user', RSA, '--output', `${path}.gpg`, '--sign', path);
    const signed = readFileSync(`${path}.gpg`, 'latin1').replace('original', 'invented');
    const { error } = await readFailure(symmetricMessage('golden', Buffer.from(signed, 'latin1'), true));
    expect(error).toMatchObject({ name: 'IntegrityError', exitCode: 31 });
    expect(error?.message).toContain('its signature is wrong');
  });

  test('a signature nobody can check is a warning, and an error once a signer is asked for', async () => {
    stranger.add('rsa.sec');
    const lenient = await readFailure('signed', {}, { at: stranger });
    expect(lenient.error).toBeUndefined();
    expect(lenient.warnings).toEqual([
      expect.stringContaining('is not in the key ring: the signature was not checked'),
    ]);
    const strict = await readFailure('signed', {}, { at: stranger, signer: ECC });
    expect(strict.error).toMatchObject({ exitCode: 31 });
    expect(strict.error?.message).toContain('No public key');
  });
}

function flipped(at: number): Buffer {
  const bytes = Buffer.from(SYM);
  const index = at < 0 ? bytes.length + at : at;
  bytes[index] = (bytes[index] ?? 0) ^ 1;
  return bytes;
}
