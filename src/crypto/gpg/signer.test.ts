import { expect, test } from 'vitest';
import { checkSigner } from './check-signer.ts';
import { parseStatus, type StatusLine } from './run/status.ts';

const SUB = 'AAAAAAAAAAAAAAAAAAAAAAAA1111111122222222';
const PRIMARY = 'BBBBBBBBBBBBBBBBBBBBBBBB3333333344444444';
const MADE = 1_700_000_000;
const VALID = `[GNUPG:] VALIDSIG ${SUB} 2023-11-14 ${MADE} 0 4 0 1 10 00 ${PRIMARY}\n`;

/** What gpg says of one signature. */
function signature(verdict: string, before = '', valid = VALID): string {
  return `[GNUPG:] NEWSIG\n${before}[GNUPG:] ${verdict} 1111111122222222 A <a@b>\n${valid}`;
}

/** What is said when a signature by this key is wanted: the failure, or the warning there was, or nothing. */
function said(status: string | readonly StatusLine[], key: string): string {
  const warnings: string[] = [];
  try {
    checkSigner(typeof status === 'string' ? parseStatus(status) : status, key, (text) => warnings.push(text));
  } catch (error) {
    return (error as Error).message;
  }
  return warnings.join('\n');
}

test.each([SUB, PRIMARY, '1111111122222222', '22222222', '44444444', '0x3333333344444444', '0xbbbb3333333344444444'])(
  'the signing sub-key and its primary key are both the signer: %s',
  (key) => expect(said(signature('GOODSIG'), key)).toBe(''),
);

test.each(['4444', '', '0x', '55555555', `C${PRIMARY.slice(1)}`, '2222222244444444'])('%s is not the signer', (key) => {
  expect(said(signature('GOODSIG'), key)).toBe(`Volume was signed by key 1111111122222222, not ${key}`);
});

test.each([
  ['EXPSIG', 'Volume was signed by key 1111111122222222, and that signature has expired'],
  ['REVKEYSIG', 'Volume was signed by key 1111111122222222, which has been revoked'],
  ['EXPKEYSIG', 'Volume was signed by key 1111111122222222, which had expired before'],
  ['BADSIG', 'Volume was signed by key 1111111122222222'],
])('%s does not count, and is said', (verdict, text) => {
  expect(said(signature(verdict), SUB)).toBe(text);
});

test('a signature of a key that has expired since counts, with a warning that names the day', () => {
  const expired = (at: number): string => signature('EXPKEYSIG', `[GNUPG:] KEYEXPIRED ${at}\n`);
  expect(said(expired(MADE + 1), PRIMARY)).toMatch(/^The signing key 1111111122222222 has expired .*2023\): its sig/);
  expect(said(expired(MADE - 1), PRIMARY)).toMatch(/which had expired before$/);
  expect(said(expired(MADE + 1), '55555555')).toBe('Volume was signed by key 1111111122222222, not 55555555');
});

test('the expiry of another key is none of a signature’s', () => {
  const other = `[GNUPG:] KEYEXPIRED ${MADE + 1}\n`;
  expect(said(`${other}${signature('EXPKEYSIG')}`, SUB)).toMatch(/which had expired before$/);
});

test('a key that is not there is named, and so is that there is no signature', () => {
  const unknown = '[GNUPG:] NEWSIG\n[GNUPG:] ERRSIG 9999999999999999 1 10 00 1700000000 9\n';
  expect(said(unknown, SUB)).toBe(
    `Volume was signed by key 9999999999999999, which is not in the key ring, not ${SUB}`,
  );
  expect(said('', SUB)).toBe(`Volume was signed by key None, not ${SUB}`);
});

test('a good signature by another key does not vouch for a bad one', () => {
  const other = VALID.replace(SUB, 'D'.repeat(40)).replace(PRIMARY, 'D'.repeat(40));
  const status = `[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG DDDDDDDDDDDDDDDD D\n${other}${signature('EXPKEYSIG')}`;
  expect(said(status, SUB)).toMatch(/1111111122222222, which had expired before$/);
  expect(said(status, 'DDDDDDDD')).toBe('');
});

test('a user id or log line cannot pass for a status line', () => {
  const status = parseStatus(
    'gpg: [GNUPG:] GOODSIG 1111111122222222\n[GNUPG:] KEY_CONSIDERED X 0\n[GNUPG:] NODATA 1\n',
  );
  expect(status).toEqual([{ keyword: 'NODATA', words: ['1'] }]);
});
