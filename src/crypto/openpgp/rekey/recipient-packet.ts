import { constants, createPublicKey, publicEncrypt, randomBytes } from 'node:crypto';
import { packet, TAG } from '../packets/packet.ts';
import { ecdhFields } from './ecdh.ts';
import { numberBytes, type PublicKey, readNumbers } from './public-key.ts';
import type { SessionKey } from '../packets/sealed-packet.ts';

/** RFC 4880, 9.1, and RFC 6637, 5. */
const RSA: readonly number[] = [1, 2];
const ELGAMAL = 16;
const ECDH = 18;
const VERSION = 3;

/**
 * The packet with which the holder of a secret key opens what is encrypted with this session key. undefined for kinds of keys
 * that are not known here. Source: RFC 4880, 5.1.
 */
export function recipientPacket(session: SessionKey, key: PublicKey): Buffer | undefined {
  const fields = fieldsFor(session, key);
  if (fields === undefined) return undefined;
  const head = Buffer.concat([Buffer.from([VERSION]), Buffer.from(key.id, 'hex'), Buffer.from([key.algorithm])]);
  return packet(TAG.publicKeySession, Buffer.concat([head, fields]));
}

function fieldsFor(session: SessionKey, key: PublicKey): Buffer | undefined {
  const message = messageOf(session);
  if (RSA.includes(key.algorithm)) return rsaFields(message, key.material);
  if (key.algorithm === ELGAMAL) return elgamalFields(message, key.material);
  return key.algorithm === ECDH ? ecdhFields(message, key) : undefined;
}

/** The number of the cipher, the key, and the sum of its bytes. */
function messageOf({ cipher, key }: SessionKey): Buffer {
  const sum = key.reduce((sum, byte) => sum + byte, 0) & 0xffff;
  return Buffer.concat([Buffer.from([cipher]), key, Buffer.from([sum >> 8, sum & 0xff])]);
}

function rsaFields(message: Buffer, material: Buffer): Buffer {
  const [n = material, e = material] = readNumbers(material, 2).numbers;
  const jwk = { kty: 'RSA', n: n.toString('base64url'), e: e.toString('base64url') };
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  return numberBytes(publicEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, message));
}

/** Padded as for RSA (RFC 4880, 13.1.1), multiplied with a secret that the second number carries. */
function elgamalFields(message: Buffer, material: Buffer): Buffer {
  const [p = material, g = material, y = material] = readNumbers(material, 3).numbers;
  const bytes = p.length;
  const padding = randomBytes(bytes - message.length - 3).map((byte) => byte || 1);
  const padded = Buffer.concat([Buffer.from([0, 2]), padding, Buffer.from([0]), message]);
  const [modulus, secret] = [numberOf(p), numberOf(randomBytes(bytes)) % numberOf(p)];
  const shared = power(numberOf(y), secret, modulus);
  const sent = [power(numberOf(g), secret, modulus), (shared * numberOf(padded)) % modulus];
  return Buffer.concat(sent.map((number) => numberBytes(bytesOf(number, bytes))));
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (let square = base % modulus, left = exponent; left > 0n; left >>= 1n) {
    if ((left & 1n) === 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

function numberOf(bytes: Buffer): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${bytes.toString('hex')}`);
}

function bytesOf(number: bigint, length: number): Buffer {
  return Buffer.from(number.toString(16).padStart(length * 2, '0'), 'hex');
}
