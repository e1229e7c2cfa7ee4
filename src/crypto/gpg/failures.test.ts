import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { DuplicityError } from '../../errors/errors.ts';
import { Secret } from '../../util/secret.ts';
import { decode, never, randomBytes, textBytes, writeAll } from '../testing/files.ts';
import { ECC, GOLDEN, gpgHome, type GpgHome, RSA } from '../testing/gpg-home.ts';
import { literalPacket, symmetricMessage } from '../testing/openpgp.ts';
import { tempDir } from '../testing/temp-dir.ts';
import { gpgCodec } from './gpg.ts';
import type { GpgSettings } from './settings.ts';

const VOLUME = 'duplicity-full.20231114T221320Z.vol1.difftar.gpg';
const SYM = readFileSync(join(GOLDEN, 'sym', VOLUME));
const home = gpgHome();
const stranger = gpgHome();
const EXPIRED = 'expired@golden.example';

beforeAll(() => {
  home.add('rsa.sec', 'ecc.pub');
  home.gpg('--faked-system-time', '20200101T000000!', '--quick-generate-key', EXPIRED, 'rsa1024', 'encr', '2020-02-01');
});

/** The failure of reading `file`, or of the golden archive with that name, and the warnings on the way. */
async function readFailure(
  file: string | Buffer,
  over: Partial<GpgSettings> = {},
  { at = home, signer }: { at?: GpgHome; signer?: string } = {},
): Promise<{ error: DuplicityError | undefined; warnings: string[] }> {
  const path = typeof file === 'string' ? join(GOLDEN, file, VOLUME) : join(tempDir(), 'f.gpg');
  if (typeof file !== 'string') writeFileSync(path, file);
  const warnings: string[] = [];
  const codec = gpgCodec(at.settings(over), (text) => warnings.push(text));
  try {
    await decode(codec, path, { name: 'vol3', ...(signer === undefined ? {} : { signer }) });
    return { error: undefined, warnings };
  } catch (error) {
    if (!(error instanceof DuplicityError)) throw error;
    return { error, warnings };
  }
}

async function writeFailure(over: Partial<GpgSettings>): Promise<DuplicityError> {
  const path = join(tempDir(), 'f.gpg');
  const file = await gpgCodec(home.settings(over), () => {}).create(path, never);
  const blocks = Array.from({ length: 40 }, (_, n) => randomBytes(100_000, n));
  const failure = await writeAll(file, blocks).catch((error: unknown) => error);
  await expect(file.finish()).rejects.toBeInstanceOf(DuplicityError);
  await file.abort();
  expect(existsSync(path)).toBe(false);
  if (!(failure instanceof DuplicityError)) throw new Error('no failure, or one nobody planned', { cause: failure });
  return failure;
}

const BLOCK = /^GPG Failed, see log below:\n===== Begin GnuPG log =====\n[^]*\n===== End GnuPG log =====\nCannot /;

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

function flipped(at: number): Buffer {
  const bytes = Buffer.from(SYM);
  const index = at < 0 ? bytes.length + at : at;
  bytes[index] = (bytes[index] ?? 0) ^ 1;
  return bytes;
}

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
  expect(lenient.warnings).toEqual([expect.stringContaining('the signing key is not in the key ring')]);
  const strict = await readFailure('signed', {}, { at: stranger, signer: ECC });
  expect(strict.error).toMatchObject({ exitCode: 31 });
  expect(strict.error?.message).toContain('No public key');
});

test.each<[string, Partial<GpgSettings>, string, RegExp]>([
  ['unknown recipient', { recipients: ['DEADBEEF'] }, 'recipient DEADBEEF: its public key is not', /--import/],
  ['untrusted recipient', { recipients: [ECC], options: [] }, 'nothing assures that the key', /trust-model always/],
  ['expired recipient', { recipients: [EXPIRED] }, `recipient ${EXPIRED}: the key has expired`, /quick-set-expire/],
  ['missing signing key', { recipients: [RSA], signKey: ECC }, 'the secret key to sign with is not here', /--sign-key/],
  ['empty passphrase', { passphrase: new Secret('') }, 'the passphrase is empty', /^Set PASSPHRASE/],
])('writing with an %s fails with gpg’s reason, not with the broken pipe', async (_what, over, reason, hint) => {
  const error = await writeFailure(over);
  expect(error).toMatchObject({ name: 'CryptoError', exitCode: 31, exception: 'GPGError' });
  expect(error.message).toMatch(BLOCK);
  expect(error.message).toContain(`\nCannot encrypt: `);
  expect(error.message).toContain(reason);
  expect(error.hint).toMatch(hint);
});

test('a wrong passphrase of the signing key names the variable', async () => {
  home.forget();
  const error = await writeFailure({ recipients: [RSA], signKey: RSA, signPassphrase: new Secret('wrong') });
  expect(error.message).toContain('Bad passphrase');
  expect(error.hint).toMatch(/SIGN_PASSPHRASE/);
});

/** A program that identifies itself as gpg and otherwise does what the script says. */
function fakeGpg(script: string): string {
  const path = join(tempDir(), 'gpg');
  writeFileSync(path, `#!/bin/sh\ncase "$*" in *--version*) exec gpg --version;; esac\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

test('a full disk is told', async () => {
  const error = await writeFailure({ recipients: [RSA], binary: fakeGpg('exec gpg "$@" >/dev/full') });
  expect(error.message).toContain('No space left on device');
  expect(error.hint).toMatch(/--tempdir/);
});

test('a gpg that stops early and calls it success has failed', async () => {
  const error = await writeFailure({ recipients: [RSA], binary: fakeGpg('exit 0') });
  expect(error.exitCode).toBe(31);
  const half = fakeGpg('head -c 1000 | gpg "$@"');
  expect((await writeFailure({ recipients: [RSA], binary: half })).message).toMatch(/before it had read all data/);
});

test('a killed gpg is told with the signal', async () => {
  const error = await writeFailure({ recipients: [RSA], binary: fakeGpg('kill -9 $$') });
  expect(error.message).toContain('gpg was ended by SIGKILL');
});

test.each([
  ['/nonexistent/gpg', [], /^failed to determine gnupg version of .*no such program$/, /package is called gnupg/],
  ['true', [], /^failed to determine gnupg version of true$/, /--gpg-binary/],
  [
    'gpg',
    ['--nonsense'],
    /^failed to determine gnupg version of gpg\n[^]*invalid option "--nonsense"/,
    /--gpg-options/,
  ],
])('the program %s %j is refused on first use', async (binary, options, message, hint) => {
  const codec = gpgCodec(home.settings({ binary, options }), () => {});
  const path = join(tempDir(), 'f.gpg');
  const failure = await codec.create(path, never).catch((error: unknown) => error);
  expect(failure).toMatchObject({
    exitCode: 31,
    exception: 'GPGError',
    message: expect.stringMatching(message) as string,
  });
  expect((failure as DuplicityError).hint).toMatch(hint);
  expect(existsSync(path)).toBe(false);
});
