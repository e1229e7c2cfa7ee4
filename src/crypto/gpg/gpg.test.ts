import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { decode, encode, never, randomBytes, slices, textBytes } from '../testing/files.ts';
import { ECC, gpgHome, RSA } from '../testing/gpg-home.ts';
import { gpgProcesses, SECRETS, shownByGpg } from '../testing/gpg-processes.ts';
import { tempDir } from '../testing/temp-dir.ts';
import { Secret } from '../../util/secret.ts';
import { gpgCodec } from './gpg.ts';
import type { GpgSettings } from './settings.ts';

const home = gpgHome();
const warnings: string[] = [];

const codec = (over: Partial<GpgSettings> = {}): ReturnType<typeof gpgCodec> =>
  gpgCodec(home.settings(over), (text) => warnings.push(text));

beforeAll(() => home.add('rsa.sec', 'ecc.sec'));

const MODES: readonly [string, Partial<GpgSettings>, string | undefined][] = [
  ['symmetric', {}, undefined],
  ['for a recipient', { recipients: [RSA] }, undefined],
  ['for a hidden recipient', { hiddenRecipients: ['ecc@golden.example'] }, undefined],
  [
    'for two, signed',
    { recipients: [RSA], hiddenRecipients: [ECC], signKey: ECC, signPassphrase: new Secret('golden') },
    ECC,
  ],
  ['symmetric and signed', { signKey: RSA }, RSA],
  ['not compressed', { recipients: [RSA], compression: false }, undefined],
];

test.each(MODES)('what is written %s comes back', async (_mode, over, signer) => {
  const path = join(tempDir(), 'f.gpg');
  const bytes = textBytes(300_000);
  const size = await encode(codec(over), path, slices(bytes, 10_000));
  expect(size).toBe(statSync(path).size);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const options = signer === undefined ? {} : { signer };
  expect((await decode(codec(over), path, options)).equals(bytes)).toBe(true);
});

test('without compression the file is as large as its content', async () => {
  const dir = tempDir();
  const bytes = [textBytes(300_000)];
  const whole = await encode(codec({ recipients: [RSA], compression: false }), join(dir, 'a'), bytes);
  expect(whole).toBeGreaterThan(300_000);
  expect(await encode(codec({ recipients: [RSA] }), join(dir, 'b'), bytes)).toBeLessThan(150_000);
});

test('an empty file comes back', async () => {
  const path = join(tempDir(), 'f.gpg');
  await encode(codec({ recipients: [RSA] }), path, []);
  expect(await decode(codec(), path)).toHaveLength(0);
});

test('20 MB go through in bounded memory, and the producer is made to wait', async () => {
  const path = join(tempDir(), 'f.gpg');
  const writer = codec({ recipients: [RSA], compression: false });
  const file = await writer.create(path, never);
  const block = randomBytes(100_000);
  let waits = 0;
  let farthest = 0;
  for (let n = 1; n <= 200; n++) {
    const wait = file.write(Buffer.from(block));
    if (wait instanceof Promise) {
      waits += 1;
      await wait;
    }
    farthest = Math.max(farthest, n * block.length - file.size());
  }
  const size = await file.finish();
  expect(waits).toBeGreaterThan(0);
  expect(farthest).toBeLessThan(1_000_000);
  expect(size).toBeGreaterThan(20_000_000);
  let at = 0;
  let shortest = Infinity;
  for await (const piece of codec().open(path, { name: 'f', signal: never })) {
    const from = at % block.length;
    const head = block.subarray(from, from + Math.min(100, piece.length));
    expect(piece.subarray(0, head.length).equals(head)).toBe(true);
    at += piece.length;
    if (at < 20_000_000) shortest = Math.min(shortest, piece.length);
  }
  expect(at).toBe(20_000_000);
  expect(shortest).toBeGreaterThanOrEqual(65_536);
});

test('abort ends gpg and removes the file, also twice', async () => {
  const path = join(tempDir(), 'f.gpg');
  const file = await codec({ recipients: [RSA] }).create(path, never);
  await file.write(randomBytes(200_000));
  expect(gpgProcesses()).toHaveLength(1);
  await file.abort();
  await file.abort();
  expect(gpgProcesses()).toEqual([]);
  expect(existsSync(path)).toBe(false);
});

test('an aborted run ends writing with its reason and removes the file', async () => {
  const path = join(tempDir(), 'f.gpg');
  const control = new AbortController();
  const file = await codec({ recipients: [RSA] }).create(path, control.signal);
  await file.write(randomBytes(200_000));
  control.abort(new Error('stop'));
  await expect(Promise.resolve(file.write(randomBytes(200_000)))).rejects.toThrow('stop');
  await expect(file.finish()).rejects.toThrow('stop');
  expect(existsSync(path)).toBe(false);
  expect(gpgProcesses()).toEqual([]);
});

test('no secret stands on the command line or in the environment of gpg', async () => {
  const shown = await shownByGpg(codec({ env: { ...home.env, ...SECRETS }, signKey: RSA }));
  expect(shown.words).toContain('--passphrase-fd');
  expect(shown.environment).toContain('KEPT=yes');
  expect(shown.words + shown.environment).not.toContain('golden');
});

test('a file of the archive dir can be written while another is read', async () => {
  const dir = tempDir();
  const both = codec({ recipients: [RSA] });
  await encode(both, join(dir, 'a'), [textBytes(1000)]);
  const copy = await both.create(join(dir, 'b'), never);
  for await (const block of both.open(join(dir, 'a'), { name: 'a', signal: never })) await copy.write(block);
  await copy.finish();
  expect((await decode(both, join(dir, 'b'))).equals(textBytes(1000))).toBe(true);
});

test('a file that is already there is left alone', async () => {
  const path = join(tempDir(), 'f.gpg');
  writeFileSync(path, 'kept');
  await expect(codec().create(path, never)).rejects.toMatchObject({ code: 'EXCEPTION' });
  expect(readFileSync(path, 'utf8')).toBe('kept');
});
