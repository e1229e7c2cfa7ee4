import { packet, TAG } from './packet.ts';
import { splitPackets } from './split-packets.ts';

/** What a signature says about itself beforehand. */
export interface SignatureKind {
  readonly hash: number;
  readonly publicKeyAlgorithm: number;
  /** Of the key that signs, 8 bytes. */
  readonly keyId: Buffer;
}

const BINARY_DOCUMENT = 0;
const ISSUER = 16;

/** The kind of the one binary version 4 signature that `signature` consists of; undefined when it is anything else. */
export function signatureKind(signature: Buffer): SignatureKind | undefined {
  const [only, ...more] = splitPackets(signature) ?? [];
  if (only?.tag !== TAG.signature || more.length > 0) return undefined;
  const { body } = only;
  const [version, type, publicKeyAlgorithm = 0, hash = 0] = body;
  if (version !== 4 || type !== BINARY_DOCUMENT || body.length < 10) return undefined;
  const hashedEnd = 6 + body.readUInt16BE(4);
  if (hashedEnd + 2 > body.length) return undefined;
  const rest = body.subarray(hashedEnd + 2, hashedEnd + 2 + body.readUInt16BE(hashedEnd));
  const keyId = subpacket(rest, ISSUER) ?? subpacket(body.subarray(6, hashedEnd), ISSUER);
  return keyId?.length === 8 ? { hash, publicKeyAlgorithm, keyId } : undefined;
}

export function isSameKind(a: SignatureKind, b: SignatureKind): boolean {
  return a.hash === b.hash && a.publicKeyAlgorithm === b.publicKeyAlgorithm && a.keyId.equals(b.keyId);
}

/** Announces the signature that follows the data, so that a reader can hash them on their way. RFC 4880, 5.4. */
export function onePassPacket({ hash, publicKeyAlgorithm, keyId }: SignatureKind): Buffer {
  const isLast = 1;
  return packet(
    TAG.onePassSignature,
    Buffer.concat([Buffer.from([3, BINARY_DOCUMENT, hash, publicKeyAlgorithm]), keyId, Buffer.from([isLast])]),
  );
}

/** Source: RFC 4880, 5.2.3.1. */
function subpacket(area: Buffer, wanted: number): Buffer | undefined {
  for (let at = 0; at < area.length;) {
    const first = area[at] ?? 0;
    const lengthBytes = first < 192 ? 1 : first < 255 ? 2 : 5;
    const start = at + lengthBytes;
    if (start >= area.length) return undefined;
    const length =
      first < 192 ? first : first < 255 ? ((first - 192) << 8) + (area[at + 1] ?? 0) + 192 : area.readUInt32BE(at + 1);
    // The highest bit says that a reader must understand it.
    if (((area[start] ?? 0) & 0x7f) === wanted) return area.subarray(start + 1, start + length);
    at = start + length;
  }
  return undefined;
}
