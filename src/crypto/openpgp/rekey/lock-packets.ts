import { MARKER_TAG, parseHeader } from '../packets/packet-header.ts';
import { TAG } from '../packets/packet.ts';
import { type PassphraseSession, parsePassphraseSession } from '../reading/message-head.ts';

/** A packet that leads to the session key of a file. */
export interface LockPacket {
  readonly bytes: Buffer;
  /** 16 hexadecimal digits in capitals; undefined for a passphrase. */
  readonly keyId: string | undefined;
  /** For a key that is not named. */
  readonly isHidden: boolean;
  readonly session: PassphraseSession | undefined;
}

const HIDDEN = '0'.repeat(16);

/** What stands before the data, packet by packet, and where these begin. undefined for what is no such file. */
export function splitHead(
  bytes: Buffer,
): { readonly packets: readonly LockPacket[]; readonly dataAt: number } | undefined {
  const packets: LockPacket[] = [];
  for (let at = 0; ;) {
    const header = parseHeader(bytes, at);
    if (typeof header === 'string') return undefined;
    if (header.tag === TAG.sealed) return { packets, dataAt: at };
    const end = at + header.headerBytes + header.bytes;
    if (header.isPartial || end > bytes.length) return undefined;
    const body = bytes.subarray(at + header.headerBytes, end);
    if (header.tag !== MARKER_TAG) packets.push(lockPacket(header.tag, body, bytes.subarray(at, end)));
    at = end;
  }
}

function lockPacket(tag: number, body: Buffer, bytes: Buffer): LockPacket {
  // The bytes of a head are read over.
  const copy = Buffer.from(bytes);
  if (tag !== TAG.publicKeySession) {
    return { bytes: copy, keyId: undefined, isHidden: false, session: parsePassphraseSession(body) };
  }
  const keyId = body.toString('hex', 1, 9).toUpperCase();
  return { bytes: copy, keyId, isHidden: keyId === HIDDEN, session: undefined };
}
