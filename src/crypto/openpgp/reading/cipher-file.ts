import { createCipheriv, createDecipheriv } from 'node:crypto';
import { closeSync, fstatSync, readSync } from 'node:fs';
import { type FileStamp, isSameStamp, stampOf } from '../../file-stamp.ts';
import { localFailure } from '../../local-failure.ts';
import { xored } from '../../kernel/xor.ts';
import { openForReading } from '../../read-file.ts';
import type { MessageHead } from './message-head.ts';
import { PacketBody } from '../packets/packet-body.ts';
import { CIPHERS, type Cipher } from '../packets/packet.ts';

export interface SessionKey {
  readonly cipher: Cipher;
  readonly key: Buffer;
}

/** A local file with an encrypted message, read any number of times. */
export interface CipherFile {
  readonly size: number;
  /** As it was when it was opened. */
  readonly stamp: FileStamp;
  /** True when someone has written to the file since it was opened. */
  isChanged(): boolean;
  /** The first bytes; fewer when the file is shorter. */
  head(length: number): Buffer;
  /** Bytes from `at`, as many as there are. */
  read(buffer: Buffer, from: number, to: number, at: number): number;
  close(): void;
}

/** What was decrypted at one go. The buffer belongs to the receiver. */
export interface Piece {
  readonly bytes: Buffer;
  /** Holds all of what ends a message; only then. */
  readonly isLast: boolean;
  /** First byte of the file behind the packet. */
  readonly trailing?: number | undefined;
}

const BLOCK = 16;
/** The random block and the repetition of its last two bytes, which begin the data. */
export const PREFIX_BYTES = BLOCK + 2;
/** Two bytes of header and a SHA-1 end them. */
export const CODE_BYTES = 22;
/** Larger pieces are not faster: AES, XOR and SHA-1 together do 1.0 GB/s with 64, 96 and 256 KiB. */
const PIECE_BYTES = 256 * 1024;

export function openCipherFile(path: string): CipherFile {
  const fd = openForReading(path);
  const stamp = stampOf(fstatSync(fd));
  const { size } = stamp;
  const read = (buffer: Buffer, from: number, to: number, at: number): number => {
    try {
      return readSync(fd, buffer, from, to - from, at);
    } catch (error) {
      throw localFailure('read', path, error);
    }
  };
  return {
    size,
    stamp,
    isChanged: () => !isSameStamp(stampOf(fstatSync(fd)), stamp),
    head(length) {
      const bytes = Buffer.allocUnsafe(Math.min(length, size));
      return bytes.subarray(0, read(bytes, 0, bytes.length, 0));
    },
    read,
    close: () => closeSync(fd),
  };
}

/**
 * The random prefix, the packets and the modification detection code, decrypted but not checked. Ends without a last
 * piece when the file ends within the packet.
 *
 * A block of the plaintext is the ciphertext of the block before, encrypted, XOR the block: all blocks can be
 * encrypted at one go, as ECB, which is 8 times as fast as node's CFB.
 */
export function* decryptedPieces(
  file: CipherFile,
  data: MessageHead['data'],
  { cipher, key }: SessionKey,
): Generator<Piece, void> {
  const ecb = createCipheriv(CIPHERS[cipher].name.replace('cfb', 'ecb'), key, null).setAutoPadding(false);
  const body = new PacketBody(data);
  const bytesLeft = Math.max(0, file.size - data.at) + BLOCK;
  // The last block before those that are decrypted comes first; for the very first one that is zeros.
  const held = Buffer.alloc(BLOCK + Math.ceil(Math.min(bytesLeft, PIECE_BYTES) / BLOCK) * BLOCK);
  let { at } = data;
  let end = BLOCK;
  for (;;) {
    const count = file.read(held, end, held.length, at);
    at += count;
    const taken = body.take(held, end, end + count);
    if (count === 0 && !body.isOver) return;
    const isLast = body.isOver;
    const trailing = taken.next < end + count ? held[taken.next] : isLast ? firstByte(file, at) : undefined;
    end = taken.end;
    const ready = isLast ? end - BLOCK : wholeBlocks(end - BLOCK - CODE_BYTES);
    if (ready > 0 || isLast) {
      const bytes = ecb.update(held.subarray(0, Math.ceil(ready / BLOCK) * BLOCK));
      const plain = xored(bytes, held.subarray(BLOCK)).subarray(0, ready);
      yield isLast ? { bytes: plain, isLast, trailing } : { bytes: plain, isLast };
    }
    if (isLast) return;
    if (ready > 0) {
      held.copyWithin(0, ready, end);
      end -= ready;
    }
  }
}

function wholeBlocks(length: number): number {
  return length <= 0 ? 0 : length - (length % BLOCK);
}

function firstByte(file: CipherFile, at: number): number | undefined {
  const byte = Buffer.alloc(1);
  return file.read(byte, 0, 1, at) === 1 ? byte[0] : undefined;
}

/** True when the two bytes of the prefix that tell a wrong key agree with those they repeat. */
export function opensWith(file: CipherFile, data: MessageHead['data'], { cipher, key }: SessionKey): boolean {
  const bytes = Buffer.alloc(PREFIX_BYTES * 2);
  const count = file.read(bytes, 0, bytes.length, data.at);
  const { end } = new PacketBody(data).take(bytes, 0, count);
  if (end < PREFIX_BYTES) return true;
  const iv = Buffer.alloc(BLOCK);
  const prefix = createDecipheriv(CIPHERS[cipher].name, key, iv).update(bytes.subarray(0, PREFIX_BYTES));
  return prefix.readUInt16BE(BLOCK) === prefix.readUInt16BE(BLOCK - 2);
}
