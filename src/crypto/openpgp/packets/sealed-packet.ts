import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { release } from '../../../util/release.ts';
import { partedPacket } from './parted-packet.ts';
import { type Cipher, CIPHERS, TAG } from './packet.ts';

/** What a body is encrypted with. */
export interface SessionKey {
  readonly cipher: Cipher;
  readonly key: Buffer;
}

/** Encryption goes through node in pieces of this size, which fit the caches of one core. */
const PIECE_BYTES = 64 * 1024;
const BLOCK_BYTES = 16;
const VERSION = Buffer.from([1]);
/** Header of the packet that holds the modification detection code. */
const CODE_HEADER = Buffer.from([0xd3, 0x14]);

/** Encrypted data under construction. Bytes given to it are free again when a call has returned. */
export interface SealedPacket {
  write(clear: Buffer): void;
  finish(): void;
}

/**
 * Symmetrically encrypted data with modification detection, version 1 (RFC 4880, 5.13): CFB from a zero block over 16
 * random bytes, the last two of them again, the content, and SHA-1 of all that.
 */
export function sealedPacket({ cipher, key }: SessionKey, store: (blocks: readonly Buffer[]) => void): SealedPacket {
  const encryption = createCipheriv(CIPHERS[cipher].name, key, Buffer.alloc(BLOCK_BYTES));
  const hash = createHash('sha1');
  const packet = partedPacket(TAG.sealed, store);
  const prefix = randomBytes(BLOCK_BYTES);

  function add(clear: Buffer): void {
    const sealed = encryption.update(clear);
    packet.write(sealed);
    release(sealed);
  }

  function write(clear: Buffer): void {
    hash.update(clear);
    for (let at = 0; at < clear.length; at += PIECE_BYTES) add(clear.subarray(at, at + PIECE_BYTES));
  }

  packet.write(VERSION);
  write(Buffer.concat([prefix, prefix.subarray(-2)]));
  return {
    write,
    finish() {
      write(CODE_HEADER);
      add(hash.digest());
      packet.finish();
    },
  };
}
