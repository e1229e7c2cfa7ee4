import { createHash, randomBytes } from 'node:crypto';
import { release } from '../../../util/release.ts';
import { cfbEncryption } from './cfb.ts';
import { partedPacket } from './parted-packet.ts';
import { type Cipher, TAG } from './packet.ts';

/** What a body is encrypted with. */
export interface SessionKey {
  readonly cipher: Cipher;
  readonly key: Buffer;
}

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
  const encrypt = cfbEncryption(cipher, key);
  const hash = createHash('sha1');
  const packet = partedPacket(TAG.sealed, store);
  const prefix = randomBytes(BLOCK_BYTES);

  function add(sealed: Buffer): void {
    packet.write(sealed);
    release(sealed);
  }

  function write(clear: Buffer): void {
    hash.update(clear);
    encrypt(clear, add);
  }

  packet.write(VERSION);
  write(Buffer.concat([prefix, prefix.subarray(-2)]));
  return {
    write,
    finish() {
      write(CODE_HEADER);
      encrypt(hash.digest(), add);
      packet.finish();
    },
  };
}
