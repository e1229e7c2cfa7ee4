import { CIPHERS, isCipher, type Cipher, TAG } from '../packets/packet.ts';
import { MARKER_TAG, type PacketHeader, type PartLength, parseHeader } from '../packets/packet-header.ts';
import { hashName, type S2k } from '../keys/s2k.ts';

/** A session key that a passphrase leads to. */
export interface PassphraseSession {
  readonly cipher: Cipher;
  readonly s2k: S2k;
  /** The session key, encrypted; without it what is derived from the passphrase is the session key. */
  readonly wrapped: Buffer | undefined;
}

/** What stands before the ciphertext of a message. */
export interface MessageHead {
  readonly passphraseSessions: readonly PassphraseSession[];
  readonly hasPublicKeySession: boolean;
  /** The packets with session keys as they are. */
  readonly sessionPackets: Buffer;
  /** The ciphertext of the data packet, behind its version. */
  readonly data: PartLength & { readonly at: number };
}

/** Enough for a hundred recipients; more are left to gpg. */
export const MOST_HEAD_BYTES = 64 * 1024;

const SESSION_VERSION = { publicKey: 3, passphrase: 4 };
/** With a modification detection code. */
const DATA_VERSION = 1;
const SALT_BYTES = 8;
/** A wrapped session key is the number of a cipher and its key. */
const WRAPPED_BYTES = { least: 17, most: 33 };

/** Undefined for what only gpg may know how to read, or nobody. */
export function parseHead(bytes: Buffer): MessageHead | undefined {
  const passphraseSessions: PassphraseSession[] = [];
  let hasPublicKeySession = false;
  const sessions: Buffer[] = [];
  for (let at = 0; ;) {
    const header = parseHeader(bytes, at);
    if (typeof header === 'string') return undefined;
    const bodyAt = at + header.headerBytes;
    if (header.tag === TAG.sealed) {
      const data = dataOf(header, bytes, bodyAt);
      if (!data || sessions.length === 0) return undefined;
      return { passphraseSessions, hasPublicKeySession, sessionPackets: Buffer.concat(sessions), data };
    }
    const end = bodyAt + header.bytes;
    if (header.isPartial || end > bytes.length) return undefined;
    const body = bytes.subarray(bodyAt, end);
    if (header.tag === TAG.passphraseSession) {
      const session = parsePassphraseSession(body);
      if (!session) return undefined;
      passphraseSessions.push(session);
    } else if (header.tag === TAG.publicKeySession) {
      if (body[0] !== SESSION_VERSION.publicKey) return undefined;
      hasPublicKeySession = true;
    } else if (header.tag !== MARKER_TAG) return undefined;
    if (header.tag !== MARKER_TAG) sessions.push(bytes.subarray(at, end));
    at = end;
  }
}

function dataOf(header: PacketHeader, bytes: Buffer, at: number): MessageHead['data'] | undefined {
  if (bytes[at] !== DATA_VERSION || header.bytes < 1) return undefined;
  return { at: at + 1, bytes: header.bytes - 1, isPartial: header.isPartial };
}

export function parsePassphraseSession(body: Buffer): PassphraseSession | undefined {
  const [version, cipher, mode, hash] = body;
  if (version !== SESSION_VERSION.passphrase || !isCipher(cipher)) return undefined;
  if (hash === undefined || hashName(hash) === undefined) return undefined;
  if (mode !== 0 && mode !== 1 && mode !== 3) return undefined;
  const saltEnd = mode === 0 ? 4 : 4 + SALT_BYTES;
  const coded = body[saltEnd];
  const end = mode === 3 ? saltEnd + 1 : saltEnd;
  if (end > body.length) return undefined;
  const wrapped = body.subarray(end);
  if (wrapped.length > 0 && (wrapped.length < WRAPPED_BYTES.least || wrapped.length > WRAPPED_BYTES.most)) {
    return undefined;
  }
  const count = mode === 3 ? (16 + ((coded ?? 0) & 15)) * 2 ** (((coded ?? 0) >> 4) + 6) : 0;
  return {
    cipher,
    s2k: { mode, hash, salt: Buffer.from(body.subarray(4, saltEnd)), count },
    wrapped: wrapped.length === 0 ? undefined : wrapped,
  };
}

/** Bytes of the key of a cipher. */
export function keyBytesOf(cipher: Cipher): number {
  return CIPHERS[cipher].keyBytes;
}
