import { createHash } from 'node:crypto';
import { splitPackets } from '../packets/split-packets.ts';

/** A public key or sub-key as its packet has it, version 4. */
export interface PublicKey {
  /** 16 hexadecimal digits in capitals. */
  readonly id: string;
  readonly fingerprint: Buffer;
  readonly algorithm: number;
  /** What follows the number of the algorithm. */
  readonly material: Buffer;
}

const PUBLIC_KEY_TAGS: readonly number[] = [6, 14];
const VERSION = 4;
const ALGORITHM_AT = 5;

/** The keys and sub-keys in what `gpg --export` writes. */
export function publicKeysIn(exported: Buffer): readonly PublicKey[] {
  return (splitPackets(exported) ?? []).flatMap(({ tag, body }) => {
    if (!PUBLIC_KEY_TAGS.includes(tag) || body[0] !== VERSION) return [];
    const fingerprint = fingerprintOf(body);
    return {
      id: fingerprint.toString('hex', 12).toUpperCase(),
      fingerprint,
      algorithm: body[ALGORITHM_AT] ?? 0,
      material: body.subarray(ALGORITHM_AT + 1),
    };
  });
}

/** Source: RFC 4880, 12.2. */
function fingerprintOf(body: Buffer): Buffer {
  const head = Buffer.from([0x99, body.length >> 8, body.length & 0xff]);
  return createHash('sha1').update(head).update(body).digest();
}

/** Numbers of any length one after the other: two bytes tell how many bits each has. Source: RFC 4880, 3.2. */
export function readNumbers(
  bytes: Buffer,
  count: number,
): { readonly numbers: readonly Buffer[]; readonly end: number } {
  const numbers: Buffer[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    const end = at + 2 + Math.ceil(bytes.readUInt16BE(at) / 8);
    if (end > bytes.length) throw new RangeError('the number is cut off');
    numbers.push(bytes.subarray(at + 2, end));
    at = end;
  }
  return { numbers, end: at };
}

/** The same, written: without zero bytes in front. */
export function numberBytes(value: Buffer): Buffer {
  const first = value.findIndex((byte) => byte !== 0);
  const short = first < 0 ? value.subarray(value.length) : value.subarray(first);
  const bits = short.length === 0 ? 0 : short.length * 8 - Math.clz32(short[0] ?? 0) + 24;
  return Buffer.concat([Buffer.from([bits >> 8, bits & 0xff]), short]);
}
