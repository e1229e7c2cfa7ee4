import type { FileType } from '../entry.ts';

/** Tar works in blocks of this many bytes. Field offsets below: POSIX ustar, docs/format/volumes.md. */
export const BLOCK = 512;

export const NAME = 0;
export const NAME_LENGTH = 100;
export const MODE = 100;
export const UID = 108;
export const GID = 116;
export const SIZE = 124;
export const MTIME = 136;
export const CHECKSUM = 148;
export const TYPE = 156;
export const LINK = 157;
export const LINK_LENGTH = 100;
export const MAGIC = 257;
export const UNAME = 265;
export const GNAME = 297;
export const OWNER_LENGTH = 32;
export const MAJOR = 329;
export const MINOR = 337;
export const PREFIX = 345;
export const PREFIX_LENGTH = 155;

/** Largest numbers of an 8- and a 12-byte octal field. */
export const MAX_SHORT = 0o7777777;
export const MAX_LONG = 0o77777777777;

/** Type flags of the objects an archive holds. */
export const TYPE_FLAGS: Readonly<Record<FileType, number>> = {
  reg: 0x30,
  sym: 0x32,
  chr: 0x33,
  blk: 0x34,
  dir: 0x35,
  fifo: 0x36,
};

/** What has to follow a body of `size` bytes to fill its last block. */
export function paddingLength(size: number): number {
  return -size & (BLOCK - 1);
}
