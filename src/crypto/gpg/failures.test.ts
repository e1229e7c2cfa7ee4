import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { DuplicityError } from '../../errors/errors.ts';
import { Secret } from '../../util/secret.ts';
import { never, randomBytes, writeAll } from '../testing/files.ts';
import { ECC, gpgHome, RSA } from '../testing/gpg-home.ts';
import { tempDir } from '../testing/temp-dir.ts';
import { gpgCodec } from './gpg.ts';
import type { GpgSettings } from './settings.ts';

const home = gpgHome();
const EXPIRED = 'expired@golden.example';
const REVOKED = 'revoked@golden.example';
/** Made, and good, in January 2020: the first until February, the second until it is revoked. */
const THEN = ['--faked-system-time', '20200101T000000!'];
const OLD_SIGNER = 'signer@golden.example';
let expired = '';
let revoked = '';

beforeAll(() => {
  home.add('rsa.sec', 'ecc.pub');
  home.gpg(...THEN, '--quick-generate-key', EXPIRED, 'rsa1024', 'encr', '2020-02-01');
  home.gpg(...THEN, '--quick-generate-key', OLD_SIGNER, 'rsa1024', 'sign', '2020-02-01');
  home.gpg(...THEN, '--quick-generate-key', REVOKED, 'rsa1024', 'encr', 'never');
  expired = fingerprint(EXPIRED);
  revoked = fingerprint(REVOKED);
  const certificate = readFileSync(`${home.dir}/openpgp-revocs.d/${revoked}.rev`, 'utf8').replace(/^:-/m, '-');
  writeFileSync(`${home.dir}/revoke`, certificate);
  home.gpg('--import', `${home.dir}/revoke`);
});

function fingerprint(user: string): string {
  return /^fpr:+(\w+):/m.exec(home.gpg('--with-colons', '--list-keys', user))?.[1] ?? '';
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

test.each<[string, Partial<GpgSettings>, string, RegExp]>([
  ['unknown recipient', { recipients: ['DEADBEEF'] }, 'recipient DEADBEEF: its public key is not', /--import/],
  ['untrusted recipient', { recipients: [ECC], options: [] }, 'nothing assures that the key', /trust-model always/],
  ['missing signing key', { recipients: [RSA], signKey: ECC }, 'the secret key to sign with is not here', /--sign-key/],
  [
    'unknown signing key',
    { recipients: [RSA], signKey: '0123456789ABCDEF' },
    'the secret key to sign with',
    /--sign-key/,
  ],
  ['empty passphrase', { passphrase: new Secret('') }, 'the passphrase is empty', /^Set PASSPHRASE/],
])('writing with an %s fails with gpg’s reason, not with the broken pipe', async (_what, over, reason, hint) => {
  const error = await writeFailure(over);
  expect(error).toMatchObject({ name: 'CryptoError', exitCode: 31, exception: 'GPGError' });
  expect(error.message).toMatch(BLOCK);
  expect(error.message).toContain(`\nCannot encrypt: `);
  expect(error.message).toContain(reason);
  expect(error.hint).toMatch(hint);
});

test.each([
  [
    'expired recipient',
    () => ({ recipients: [expired] }),
    () => `recipient ${expired}: the key has expired (Sat Feb  1 `,
  ],
  ['expired recipient by name', () => ({ recipients: [EXPIRED] }), () => `recipient ${EXPIRED}: the key has expired (`],
  ['hidden expired recipient', () => ({ hiddenRecipients: [expired] }), () => `recipient ${expired}: the key has exp`],
  ['revoked recipient', () => ({ recipients: [revoked] }), () => `recipient ${revoked}: the key is revoked since Wed `],
])('an %s is told, since when, and what to do', async (_what, over, reason) => {
  const error = await writeFailure(over());
  expect(error.message).toContain(`\nCannot encrypt: ${reason()}`);
  expect(error.hint).toMatch(/name another one with --encrypt-key; what was stored with it can still be restored\.$/);
});

test('a signing key that has expired is told, since when', async () => {
  const error = await writeFailure({ recipients: [RSA], signKey: OLD_SIGNER });
  expect(error.message).toMatch(/signing key \S+: the key has expired \(Sat Feb {2}1 /);
  expect(error.hint).toContain('--sign-key');
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
