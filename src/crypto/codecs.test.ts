import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { codecs, writeCodec } from './codecs.ts';
import { openPgpCodec } from './openpgp/openpgp.ts';
import { gzipCodec } from './plain/gzip.ts';
import { plainCodec } from './plain/plain.ts';
import { never, randomBytes, textBytes, writeAll } from './testing/files.ts';
import { gpgHome } from './testing/gpg-home.ts';
import { tempDir } from './testing/temp-dir.ts';

const home = gpgHome();

test('each suffix has its codec', () => {
  const codecOf = codecs({ gpg: home.settings(), warn: () => {} });
  for (const suffix of ['', '.gz', '.gpg'] as const) expect(codecOf(suffix).suffix).toBe(suffix);
});

test.each([
  [true, true, ['.gpg', '.gpg', '.gpg']],
  [true, false, ['.gpg', '.gpg', '.gpg']],
  [false, true, ['.gz', '.gz', '']],
  [false, false, ['', '', '']],
])('encryption %s, compression %s writes %j', (encryption, compression, suffixes) => {
  const written = (['volume', 'signatures', 'manifest'] as const).map((what) =>
    writeCodec({ encryption, compression }, what),
  );
  expect(written).toEqual(suffixes);
});

test.each([
  ['plain', plainCodec()],
  ['gzip', gzipCodec()],
  ['OpenPGP', openPgpCodec(home.settings(), () => {})],
])('the digest of a %s file is taken while it is written, where it is wanted', async (_, codec) => {
  const dir = tempDir();
  const blocks = [textBytes(300_000), randomBytes(200_000), textBytes(7)];
  const wanted = await codec.create(join(dir, 'wanted'), never, { wantsDigest: true });
  const unwanted = await codec.create(join(dir, 'unwanted'), never);
  for (const file of [wanted, unwanted]) await writeAll(file, blocks);
  const stored = readFileSync(join(dir, 'wanted'));
  expect(wanted.digest?.()).toBe(createHash('sha1').update(stored).digest('hex'));
  expect(unwanted.digest?.()).toBeUndefined();
});
