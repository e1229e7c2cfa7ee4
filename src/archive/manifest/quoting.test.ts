import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { quote, unquote } from './quoting.ts';

const VECTORS = readFileSync(new URL('../../../test/golden/data/vectors/quote.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as { raw_b64: string; quoted_b64: string })
  .map((vector) => ({
    raw: Buffer.from(vector.raw_b64, 'base64').toString('latin1'),
    quoted: Buffer.from(vector.quoted_b64, 'base64').toString('latin1'),
  }));

test('every byte is quoted as the reference quotes it, and comes back', () => {
  expect(VECTORS.length).toBeGreaterThan(250);
  for (const { raw, quoted } of VECTORS) {
    expect(quote(raw)).toBe(quoted);
    expect(unquote(quoted)).toBe(raw);
  }
});

test('single quotes and upper-case digits are taken too', () => {
  expect(unquote(String.raw`'a\x0Ab'`)).toBe('a\nb');
});

test.each(['"', '"a', `"a'`, String.raw`"\n"`, String.raw`"\x4"`, String.raw`"\xgg"`])('%s is damaged', (text) => {
  expect(unquote(text)).toBeUndefined();
});
