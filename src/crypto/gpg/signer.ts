import type { StatusLine } from './run/status.ts';

/** Digits that name a key: what a key id has at least. */
const LEAST_DIGITS = 8;

/** What gpg says of one signature. One of these comes per signature, VALIDSIG follows it unless the signature is wrong. */
const VERDICTS = {
  GOODSIG: 'good',
  EXPKEYSIG: 'expired key',
  EXPSIG: 'expired signature',
  REVKEYSIG: 'revoked key',
  ERRSIG: 'unknown key',
  BADSIG: 'wrong',
} as const;

/** A signature of a file. */
export interface Signature {
  readonly verdict: (typeof VERDICTS)[keyof typeof VERDICTS];
  /** Key id as gpg gives it: 16 upper-case digits. */
  readonly keyId: string;
  /** Of the key that signed and of its primary key; none where the key is unknown or the signature wrong. */
  readonly fingerprints: readonly string[];
  /** Epoch seconds; undefined where gpg does not tell. */
  readonly madeAt: number | undefined;
  /** When the key expired. */
  readonly keyExpiredAt: number | undefined;
}

/** The signatures gpg met, in order. */
export function signaturesOf(status: readonly StatusLine[]): readonly Signature[] {
  const found: Signature[] = [];
  let keyExpiredAt: number | undefined;
  for (const { keyword, words } of status) {
    const [keyId = ''] = words;
    const verdict = (VERDICTS as Readonly<Record<string, Signature['verdict']>>)[keyword];
    const last = found.at(-1);
    if (keyword === 'NEWSIG') keyExpiredAt = undefined;
    else if (keyword === 'KEYEXPIRED') keyExpiredAt = epochSeconds(words[0]);
    else if (verdict !== undefined) found.push({ verdict, keyId, fingerprints: [], madeAt: undefined, keyExpiredAt });
    else if (keyword === 'VALIDSIG' && last !== undefined && last.fingerprints.length === 0) {
      // Of the key that signed, and, as the last of ten fields, of its primary key.
      const fingerprints = [words[0], words[9]].filter((print) => print !== undefined);
      found[found.length - 1] = { ...last, fingerprints, madeAt: epochSeconds(words[2]) };
    }
  }
  return found;
}

/**
 * True for a signature of this key or of a sub-key of it. The key may be 8, 16 or 40 digits, with or without `0x`, in
 * either case; the reference takes upper case and the signing key itself only.
 */
export function isOfKey({ keyId, fingerprints }: Signature, key: string): boolean {
  const wanted = key.replace(/^0x/i, '').toUpperCase();
  if (wanted.length < LEAST_DIGITS) return false;
  return [...fingerprints, ...(fingerprints.length === 0 ? [keyId] : [])].some((print) => isSameKey(print, wanted));
}

/**
 * True when the signature counts: made while its key was good. A key that has expired since has not become anybody
 * else's; gpg itself calls such a signature good. (A revoked key may have, and who has it can sign for any day.)
 */
export function counts({ verdict, madeAt, keyExpiredAt, fingerprints }: Signature): boolean {
  if (fingerprints.length === 0) return false;
  if (verdict === 'good') return true;
  return verdict === 'expired key' && madeAt !== undefined && keyExpiredAt !== undefined && madeAt <= keyExpiredAt;
}

function isSameKey(fingerprint: string, wanted: string): boolean {
  if (fingerprint.length < LEAST_DIGITS) return false;
  return fingerprint.toUpperCase().endsWith(wanted) || wanted.endsWith(fingerprint.toUpperCase());
}

/** gpg gives seconds, and `20250601T120000` where its machine has no large numbers. */
function epochSeconds(word: string | undefined): number | undefined {
  return word !== undefined && /^\d+$/.test(word) ? Number(word) : undefined;
}

/**
 * gpg signs with some other key when it does not have the named one, and calls that a warning: the backup would fail its
 * signature check on the day it is needed. Seen with 2.2.40, with a key without its secret part and with an unknown one.
 */
export const SIGNS_WITH_ANOTHER =
  /not using '.*' as default key|values passed to '--default-key' ignored|No secret key/;
