import { type StatusLine, wordsOf } from './status.ts';

/** Digits that name a key: what a key id has at least. */
const LEAST_DIGITS = 8;

/** One of these per signature. VALIDSIG follows a signature of an expired or revoked key as well as a good one. */
const VERDICTS = new Set(['NEWSIG', 'GOODSIG', 'EXPSIG', 'EXPKEYSIG', 'REVKEYSIG', 'BADSIG', 'ERRSIG']);

/** Key id of the good signature, as gpg gives it: 16 upper-case digits. */
export function signerOf(status: readonly StatusLine[]): string | undefined {
  return wordsOf(status, 'GOODSIG')?.[0];
}

/**
 * True when a good signature was made by this key or by a sub-key of it. The key may be 8, 16 or 40 digits, with or
 * without `0x`, in either case; the reference takes upper case and the signing key itself only.
 */
export function isSignedBy(status: readonly StatusLine[], key: string): boolean {
  const wanted = key.replace(/^0x/i, '').toUpperCase();
  if (wanted.length < LEAST_DIGITS) return false;
  let isGood = false;
  for (const { keyword, words } of status) {
    if (VERDICTS.has(keyword)) isGood = keyword === 'GOODSIG';
    // Of the key that signed, and, as the last of ten fields, of its primary key.
    else if (keyword === 'VALIDSIG' && isGood && [words[0], words[9]].some((print) => isSameKey(print, wanted))) {
      return true;
    }
  }
  return false;
}

function isSameKey(fingerprint: string | undefined, wanted: string): boolean {
  if (fingerprint === undefined || fingerprint.length < LEAST_DIGITS) return false;
  return fingerprint.toUpperCase().endsWith(wanted) || wanted.endsWith(fingerprint.toUpperCase());
}

/**
 * gpg signs with some other key when it does not have the named one, and calls that a warning: the backup would fail its
 * signature check on the day it is needed. Seen with 2.2.40, with a key without its secret part and with an unknown one.
 */
export const SIGNS_WITH_ANOTHER =
  /not using '.*' as default key|values passed to '--default-key' ignored|No secret key/;
