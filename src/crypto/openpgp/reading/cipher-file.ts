import { createDecipheriv } from 'node:crypto';
import { closeSync, fstatSync, readSync } from 'node:fs';
import { type FileStamp, isSameStamp, stampOf } from '../../file-stamp.ts';
import { localFailure } from '../../local-failure.ts';
import { openForReading } from '../../read-file.ts';
import type { MessageHead } from './message-head.ts';
import { PacketBody } from '../packets/packet-body.ts';
import { CIPHERS } from '../packets/packet.ts';
import { BLOCK, PREFIX_BYTES, type SealedFile, type SessionKey } from './decrypted-pieces.ts';

/** A local file with an encrypted message, read any number of times. */
export interface CipherFile extends SealedFile {
  /** As it was when it was opened. */
  readonly stamp: FileStamp;
  /** True when someone has written to the file since it was opened. */
  isChanged(): boolean;
  /** The first bytes; fewer when the file is shorter. */
  head(length: number): Buffer;
  close(): void;
}

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

/** True when the two bytes of the prefix that tell a wrong key agree with those they repeat. */
export function opensWith(
  file: Pick<CipherFile, 'read'>,
  data: MessageHead['data'],
  { cipher, key }: SessionKey,
): boolean {
  const bytes = Buffer.alloc(PREFIX_BYTES * 2);
  const count = file.read(bytes, 0, bytes.length, data.at);
  const { end } = new PacketBody(data).take(bytes, 0, count);
  if (end < PREFIX_BYTES) return true;
  const iv = Buffer.alloc(BLOCK);
  const prefix = createDecipheriv(CIPHERS[cipher].name, key, iv).update(bytes.subarray(0, PREFIX_BYTES));
  return prefix.readUInt16BE(BLOCK) === prefix.readUInt16BE(BLOCK - 2);
}
