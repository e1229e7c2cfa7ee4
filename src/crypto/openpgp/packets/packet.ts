/** Packets this program writes. Numbers: RFC 4880, 4.3. */
export const TAG = {
  publicKeySession: 1,
  signature: 2,
  passphraseSession: 3,
  onePassSignature: 4,
  compressed: 8,
  literal: 11,
  sealed: 18,
} as const;

/** How a packet's content is compressed: its number, RFC 4880, 9.3. */
export const COMPRESSION = { none: 0, zip: 1, zlib: 2 } as const;
export type Compression = (typeof COMPRESSION)[keyof typeof COMPRESSION];

/** Ciphers that bodies are encrypted with, by OpenPGP's number (RFC 4880, 9.2). */
export const CIPHERS = {
  7: { name: 'aes-128-cfb', keyBytes: 16 },
  8: { name: 'aes-192-cfb', keyBytes: 24 },
  9: { name: 'aes-256-cfb', keyBytes: 32 },
} as const;
export type Cipher = keyof typeof CIPHERS;

export function isCipher(number: number | undefined): number is Cipher {
  return number !== undefined && number in CIPHERS;
}

/** First byte of a packet with a header in the new form. */
export function tagByte(tag: number): number {
  return 0xc0 | tag;
}

/** A length in the new form: 1, 2 or 5 bytes. Source: RFC 4880, 4.2.2. */
export function lengthBytes(length: number): Buffer {
  if (length < 192) return Buffer.from([length]);
  if (length < 8384) return Buffer.from([((length - 192) >> 8) + 192, (length - 192) & 0xff]);
  const bytes = Buffer.alloc(5, 0xff);
  bytes.writeUInt32BE(length, 1);
  return bytes;
}

/** The length of a part, 2 to the power of `exponent`, that others follow. The first part has 512 bytes at least. */
export function partialLengthByte(exponent: number): number {
  return 0xe0 | exponent;
}

/** A whole packet. */
export function packet(tag: number, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from([tagByte(tag)]), lengthBytes(body.length), body]);
}
