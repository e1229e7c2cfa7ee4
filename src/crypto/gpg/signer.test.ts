import { expect, test } from 'vitest';
import { isSignedBy, signerOf } from './signer.ts';
import { parseStatus } from './status.ts';

const SUB = 'AAAAAAAAAAAAAAAAAAAAAAAA1111111122222222';
const PRIMARY = 'BBBBBBBBBBBBBBBBBBBBBBBB3333333344444444';
const VALID = `[GNUPG:] VALIDSIG ${SUB} 2023-11-14 1700000000 0 4 0 1 10 00 ${PRIMARY}\n`;
const good = parseStatus(`[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG 1111111122222222 A <a@b>\n${VALID}`);

test.each([SUB, PRIMARY, '1111111122222222', '22222222', '44444444', '0x3333333344444444', '0xbbbb3333333344444444'])(
  'the signing sub-key and its primary key are both the signer: %s',
  (key) => expect(isSignedBy(good, key)).toBe(true),
);

test.each(['4444', '', '0x', '55555555', `C${PRIMARY.slice(1)}`, '2222222244444444'])('%s is not the signer', (key) => {
  expect(isSignedBy(good, key)).toBe(false);
});

test.each(['EXPSIG', 'EXPKEYSIG', 'REVKEYSIG', 'BADSIG', 'ERRSIG'])('%s counts as unsigned', (verdict) => {
  const status = parseStatus(`[GNUPG:] NEWSIG\n[GNUPG:] ${verdict} 1111111122222222 A <a@b>\n${VALID}`);
  expect(isSignedBy(status, SUB)).toBe(false);
  expect(signerOf(status)).toBeUndefined();
});

test('a good signature by another key does not vouch for a bad one', () => {
  const other = VALID.replace(SUB, 'D'.repeat(40)).replace(PRIMARY, 'D'.repeat(40));
  const status = parseStatus(
    `[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG DDDDDDDDDDDDDDDD D\n${other}[GNUPG:] NEWSIG\n[GNUPG:] EXPKEYSIG 1111111122222222 A\n${VALID}`,
  );
  expect(isSignedBy(status, SUB)).toBe(false);
  expect(isSignedBy(status, 'DDDDDDDD')).toBe(true);
});

test('a user id or log line cannot pass for a status line', () => {
  const status = parseStatus(
    'gpg: [GNUPG:] GOODSIG 1111111122222222\n[GNUPG:] KEY_CONSIDERED X 0\n[GNUPG:] NODATA 1\n',
  );
  expect(status).toEqual([{ keyword: 'NODATA', words: ['1'] }]);
});
