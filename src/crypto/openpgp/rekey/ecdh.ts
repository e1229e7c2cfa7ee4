import {
  createCipheriv,
  createECDH,
  createHash,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
} from 'node:crypto';
import { numberBytes, type PublicKey, readNumbers } from './public-key.ts';

/** Curves by their identifiers, hexadecimal, and node's names. */
const CURVES: Readonly<Record<string, string>> = {
  '2b060104019755010501': 'x25519',
  '2a8648ce3d030107': 'prime256v1',
  '2b81040022': 'secp384r1',
  '2b81040023': 'secp521r1',
  '2b8104000a': 'secp256k1',
  '2b2403030208010107': 'brainpoolP256r1',
  '2b240303020801010b': 'brainpoolP384r1',
  '2b240303020801010d': 'brainpoolP512r1',
};
const HASHES: Readonly<Record<number, string>> = { 8: 'sha256', 9: 'sha384', 10: 'sha512' };
/** Ciphers that wrap, and the bytes of their keys. */
const WRAPS: Readonly<Record<number, readonly [string, number]>> = {
  7: ['id-aes128-wrap', 16],
  8: ['id-aes192-wrap', 24],
  9: ['id-aes256-wrap', 32],
};
const ECDH = 18;
const ANONYMOUS_SENDER = Buffer.from('Anonymous Sender    ');
const WRAP_IV = Buffer.alloc(8, 0xa6);
/** Before a point of Curve25519. */
const NATIVE = 0x40;

interface Agreed {
  /** As it is sent. */
  readonly point: Buffer;
  readonly shared: Buffer;
}

/**
 * A session key for a key on an elliptic curve: a point made for this once, and the session key wrapped with what only the
 * two can compute. undefined for curves that are not known here. Source: RFC 6637, 7 and 8.
 */
export function ecdhFields(message: Buffer, { material, fingerprint }: PublicKey): Buffer | undefined {
  const oidEnd = 1 + (material[0] ?? 0);
  const curve = CURVES[material.toString('hex', 1, oidEnd)];
  if (curve === undefined) return undefined;
  const { numbers, end } = readNumbers(material.subarray(oidEnd), 1);
  const parameters = material.subarray(oidEnd + end);
  const [, , hash = 0, cipher = 0] = parameters;
  const [hashName, wrap] = [HASHES[hash], WRAPS[cipher]];
  const [theirs] = numbers;
  if (theirs === undefined || hashName === undefined || wrap === undefined) return undefined;
  const { point, shared } = curve === 'x25519' ? agreeX25519(theirs) : agree(curve, theirs);
  const info = Buffer.concat([
    material.subarray(0, oidEnd),
    Buffer.from([ECDH]),
    parameters.subarray(0, 4),
    ANONYMOUS_SENDER,
    fingerprint,
  ]);
  const [name, keyBytes] = wrap;
  const key = createHash(hashName)
    .update(Buffer.from([0, 0, 0, 1]))
    .update(shared)
    .update(info)
    .digest();
  const cipherer = createCipheriv(name, key.subarray(0, keyBytes), WRAP_IV);
  const wrapped = Buffer.concat([cipherer.update(padded(message)), cipherer.final()]);
  return Buffer.concat([numberBytes(point), Buffer.from([wrapped.length]), wrapped]);
}

/** To a multiple of 8, each byte telling how many there are. */
function padded(message: Buffer): Buffer {
  const count = 8 - (message.length % 8);
  return Buffer.concat([message, Buffer.alloc(count, count)]);
}

function agreeX25519(theirs: Buffer): Agreed {
  const { privateKey, publicKey } = generateKeyPairSync('x25519');
  const x = theirs.subarray(theirs[0] === NATIVE ? 1 : 0).toString('base64url');
  const other = createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x }, format: 'jwk' });
  const mine = Buffer.from(String(publicKey.export({ format: 'jwk' }).x), 'base64url');
  return {
    point: Buffer.concat([Buffer.from([NATIVE]), mine]),
    shared: diffieHellman({ privateKey, publicKey: other }),
  };
}

function agree(curve: string, theirs: Buffer): Agreed {
  const own = createECDH(curve);
  const point = own.generateKeys();
  return { point, shared: own.computeSecret(theirs) };
}
