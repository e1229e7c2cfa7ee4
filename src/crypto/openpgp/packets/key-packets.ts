import { createDecipheriv, createHash } from 'node:crypto';
import type { Secret } from '../../../util/secret.ts';
import { type Cipher, CIPHERS, COMPRESSION, type Compression, isCipher, packet, TAG } from './packet.ts';
import { deriveKey, hashName, type S2k } from '../keys/s2k.ts';
import type { SessionKey } from './sealed-packet.ts';
import { type RawPacket, splitPackets } from './split-packets.ts';

/** Who can read a file: the key of its data, and the packets that carry that key. */
export interface Lock {
  readonly session: SessionKey;
  readonly keyPackets: Buffer;
}

/** Version 4 of the packet, the only one there is without AEAD. */
const PASSPHRASE_VERSION = 4;
const SALT_BYTES = 8;
const CODE_BYTES = 22;

/** The count byte for at least so many bytes hashed, as gpg rounds it. Source: RFC 4880, 3.7.1.3. */
export function countByte(count: number): number {
  for (let byte = 0; byte < 255; byte++) if (countOf(byte) >= count) return byte;
  return 255;
}

/** Bytes hashed for a count byte. */
export function countOf(byte: number): number {
  return (16 + (byte & 15)) << ((byte >> 4) + 6);
}

/** The packet that says how the passphrase gives the session key. The S2K is iterated and salted (mode 3). */
export function passphraseLock(cipher: Cipher, s2k: S2k, passphrase: Secret): Lock {
  const head = Buffer.from([PASSPHRASE_VERSION, cipher, s2k.mode, s2k.hash]);
  const body = Buffer.concat([head, s2k.salt, Buffer.from([countByte(s2k.count)])]);
  const key = deriveKey(s2k, passphrase, CIPHERS[cipher].keyBytes);
  return { session: { cipher, key }, keyPackets: packet(TAG.passphraseSession, body) };
}

/** What a message of gpg tells about how gpg would encrypt for the same recipients. */
export interface RecipientsLock extends Lock {
  /** That all recipients understand. */
  readonly compression: Compression;
}

/**
 * The session key and its packets for public keys out of a small message that is encrypted for them and for `passphrase`
 * besides. undefined when anything about it is not as gpg 2.2 makes it, so that our data would not fit the packets.
 */
export function recipientsLock(message: Buffer, passphrase: Secret): RecipientsLock | undefined {
  const packets = splitPackets(message) ?? [];
  const data = packets.at(-1);
  const forKeys = packets.filter(({ tag, body }) => tag === TAG.publicKeySession && body[0] === 3);
  const [forPassphrase, ...others] = packets.slice(0, -1).filter(({ tag }) => tag === TAG.passphraseSession);
  if (others.length > 0 || forKeys.length === 0 || forKeys.length + 2 !== packets.length) return undefined;
  if (!forPassphrase || !data) return undefined;
  // The packet names AES-256 where `--cipher-algo` chose another, which then encrypts this key too. Seen with 2.2.40.
  for (const outer of [9, 8, 7] as const) {
    const session = openPassphrasePacket(forPassphrase.body, passphrase, outer);
    const compression = session && compressionInside(data, session);
    if (session && compression !== undefined) {
      return { session, compression, keyPackets: Buffer.concat(forKeys.map(({ bytes }) => bytes)) };
    }
  }
  return undefined;
}

/** Source: RFC 4880, 5.3: version, cipher, S2K, session key behind its cipher's number, encrypted. */
function openPassphrasePacket(body: Buffer, passphrase: Secret, outer: Cipher): SessionKey | undefined {
  const [version, named, mode, hash = 0] = body;
  if (version !== PASSPHRASE_VERSION || !isCipher(named) || hashName(hash) === undefined) return undefined;
  if (mode !== 1 && mode !== 3) return undefined;
  const saltEnd = 4 + SALT_BYTES;
  const keyAt = mode === 3 ? saltEnd + 1 : saltEnd;
  const s2k = { mode, hash, salt: body.subarray(4, saltEnd), count: countOf(body[saltEnd] ?? 0) } as const;
  const key = deriveKey(s2k, passphrase, CIPHERS[outer].keyBytes);
  const clear = decrypt({ cipher: outer, key }, body.subarray(keyAt));
  const [cipher] = clear;
  if (!isCipher(cipher) || clear.length !== 1 + CIPHERS[cipher].keyBytes) return undefined;
  return { cipher, key: clear.subarray(1) };
}

function compressionInside({ tag, body }: RawPacket, session: SessionKey): Compression | undefined {
  if (tag !== TAG.sealed || body[0] !== 1) return undefined;
  const clear = decrypt(session, body.subarray(1));
  const code = createHash('sha1')
    .update(clear.subarray(0, 2 - CODE_BYTES))
    .digest();
  if (!clear.subarray(2 - CODE_BYTES).equals(code)) return undefined;
  const [first] = splitPackets(clear.subarray(18, -CODE_BYTES)) ?? [];
  if (first?.tag === TAG.literal) return COMPRESSION.none;
  const algorithm = first?.tag === TAG.compressed ? first.body[0] : undefined;
  return algorithm === COMPRESSION.zip || algorithm === COMPRESSION.zlib ? algorithm : undefined;
}

function decrypt({ cipher, key }: SessionKey, sealed: Buffer): Buffer {
  return createDecipheriv(CIPHERS[cipher].name, key, Buffer.alloc(16)).update(sealed);
}
