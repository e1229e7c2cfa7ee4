import { createHash } from 'node:crypto';
import type { Secret } from '../../../util/secret.ts';

/** How a passphrase becomes a key: an OpenPGP string-to-key specifier. Source: RFC 4880, 3.7. */
export interface S2k {
  /** 0 simple, 1 salted, 3 iterated and salted. */
  readonly mode: 0 | 1 | 3;
  /** OpenPGP's number of the hash. */
  readonly hash: number;
  /** 8 bytes; none in mode 0. */
  readonly salt: Buffer;
  /** Bytes hashed in mode 3; the passphrase and its salt are hashed once at least. */
  readonly count: number;
}

/** What a derivation takes, in a form that can be sent to another thread. */
export interface Derivation {
  /** Node's name of the hash. */
  readonly hash: string;
  /** Salt and passphrase. */
  readonly unit: Uint8Array;
  readonly count: number;
  readonly keyBytes: number;
}

/** OpenPGP's numbers (RFC 4880, 9.4) and node's names of the hashes. */
const HASHES: Readonly<Record<number, string>> = {
  1: 'md5',
  2: 'sha1',
  3: 'ripemd160',
  8: 'sha256',
  9: 'sha384',
  10: 'sha512',
  11: 'sha224',
};

/** Keys by what they were derived from. Found only by who holds the very same secret, and gone with it. */
const known = new WeakMap<Secret, Map<string, Buffer>>();

/** Undefined for a hash that is unknown, here or to OpenPGP. */
export function hashName(hash: number): string | undefined {
  return HASHES[hash];
}

/**
 * Key of `keyBytes` bytes. Takes 40-150 ms with gpg's usual count, so one salt is derived once for each secret object.
 */
export function deriveKey(s2k: S2k, passphrase: Secret, keyBytes: number): Buffer {
  const found = knownKey(s2k, passphrase, keyBytes);
  if (found) return found;
  const key = derive(derivationOf(s2k, passphrase, keyBytes), createHash);
  remember(s2k, passphrase, key);
  return key;
}

export function knownKey(s2k: S2k, passphrase: Secret, keyBytes: number): Buffer | undefined {
  return known.get(passphrase)?.get(name(s2k, keyBytes));
}

export function remember(s2k: S2k, passphrase: Secret, key: Buffer): void {
  let keys = known.get(passphrase);
  if (!keys) known.set(passphrase, (keys = new Map()));
  keys.set(name(s2k, key.length), key);
}

export function derivationOf(s2k: S2k, passphrase: Secret, keyBytes: number): Derivation {
  const hash = hashName(s2k.hash);
  if (hash === undefined) throw new RangeError(`unknown hash ${s2k.hash}`);
  const salt = s2k.mode === 0 ? Buffer.alloc(0) : s2k.salt;
  const unit = Buffer.concat([salt, passphraseBytes(passphrase)]);
  return { hash, unit, count: s2k.mode === 3 ? s2k.count : 0, keyBytes };
}

/** gpg reads one line from its passphrase descriptor. */
function passphraseBytes(passphrase: Secret): Buffer {
  const [line = ''] = passphrase.reveal().split('\n', 1);
  return Buffer.from(line);
}

function name({ mode, hash, salt, count }: S2k, keyBytes: number): string {
  return `${mode} ${hash} ${mode === 0 ? '' : salt.toString('hex')} ${mode === 3 ? count : 0} ${keyBytes}`;
}

/** Uses nothing but its parameters, so that its text can run in another thread. */
export function derive({ hash, unit, count, keyBytes }: Derivation, hasher: typeof createHash): Buffer {
  // Repeated in pieces that are small enough for the second-level cache.
  const pieceBytes = 64 * 1024;
  const total = Math.max(count, unit.length);
  const repeats = Math.max(1, Math.floor(Math.min(pieceBytes, total) / Math.max(1, unit.length)));
  const piece = Buffer.alloc(repeats * unit.length, unit);
  const key = Buffer.alloc(keyBytes);
  // A digest shorter than the key is followed by others, over the same bytes behind 1, 2... zero bytes.
  for (let at = 0, zeros = 0; at < keyBytes; zeros++) {
    const context = hasher(hash).update(Buffer.alloc(zeros));
    let left = total;
    for (; left >= piece.length && left > 0; left -= piece.length) context.update(piece);
    at += context.update(piece.subarray(0, left)).digest().copy(key, at);
  }
  return key;
}
