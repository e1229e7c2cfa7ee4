import { expect, test } from 'vitest';
import { codecs, writeCodec } from './codecs.ts';
import { gpgHome } from './testing/gpg-home.ts';

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
