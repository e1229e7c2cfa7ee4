import type { Checksum } from '../backend.ts';

/** Digits of each digest that stores tell. */
const DIGITS: Readonly<Record<string, number>> = { sha1: 40, md5: 32, dropbox: 64 };

/** A checksum in hexadecimal digits; undefined when it is none, as of a file that was stored in parts. */
export function checksumOf(algorithm: 'sha1' | 'md5' | 'dropbox', hex: unknown): Checksum | undefined {
  if (typeof hex !== 'string' || hex.length !== DIGITS[algorithm] || !/^[0-9a-f]+$/i.test(hex)) return undefined;
  return { algorithm, hex: hex.toLowerCase() };
}

/** The same in base64. */
export function checksumOf64(algorithm: 'sha1' | 'md5', base64: unknown): Checksum | undefined {
  return typeof base64 === 'string' ? checksumOf(algorithm, Buffer.from(base64, 'base64').toString('hex')) : undefined;
}
