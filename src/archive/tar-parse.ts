import { bytePath } from '../util/bytepath.ts';
import type { FileType, Metadata } from './entry.ts';
import {
  BLOCK,
  CHECKSUM,
  GID,
  GNAME,
  LINK,
  LINK_LENGTH,
  MAGIC,
  MAJOR,
  MINOR,
  MODE,
  MTIME,
  NAME,
  NAME_LENGTH,
  OWNER_LENGTH,
  PREFIX,
  PREFIX_LENGTH,
  SIZE,
  TYPE,
  UID,
  UNAME,
} from './tar-header.ts';

/** A header block as it stands, before extended headers are applied. */
export interface RawHeader {
  readonly name: string;
  readonly flag: number;
  /** The size field; what it means depends on the type. */
  readonly size: number;
  /** Its type is `reg` for every flag that `fileType` does not know. */
  readonly meta: Metadata;
}

/** Parses header blocks, remembering the owners' names, which are the same in block after block. */
export class HeaderParser {
  #uname = '';
  #gname = '';

  /** The block at `at`, whose checksum has been looked at; undefined when a number in it is none. */
  parse(block: Buffer, at: number): RawHeader | undefined {
    const flag = block[at + TYPE] ?? 0;
    const size = number(block, at + SIZE, 12);
    const mode = number(block, at + MODE, 8);
    const uid = number(block, at + UID, 8);
    const gid = number(block, at + GID, 8);
    const mtime = number(block, at + MTIME, 12);
    const device = flag === 0x33 || flag === 0x34;
    const major = device ? number(block, at + MAJOR, 8) : 0;
    const minor = device ? number(block, at + MINOR, 8) : 0;
    // One test for all: NaN carries through sums.
    if (Number.isNaN(size + mode + uid + gid + mtime + major + minor)) return undefined;
    const name = fullName(block, at);
    if (!holdsText(block, at + UNAME, this.#uname)) this.#uname = text(block, at + UNAME, OWNER_LENGTH);
    if (!holdsText(block, at + GNAME, this.#gname)) this.#gname = text(block, at + GNAME, OWNER_LENGTH);
    const link = block[at + LINK] === 0 ? '' : text(block, at + LINK, LINK_LENGTH);
    const meta: Metadata = {
      type: fileType(flag, name) ?? 'reg',
      mode: mode & 0o7777,
      uid,
      gid,
      uname: this.#uname,
      gname: this.#gname,
      mtime,
      size: 0,
      link: bytePath(link),
      major,
      minor,
    };
    return { name, flag, size, meta };
  }
}

/** The type of an object an archive may hold; undefined for hard links and anything else. */
export function fileType(flag: number, name: string): FileType | undefined {
  switch (flag) {
    case 0x30:
    // "Contiguous" files are regular ones, says POSIX; the reference refuses them.
    case 0x37:
      return 'reg';
    // Headers older than POSIX have no flag for directories.
    case 0:
      return name.endsWith('/') ? 'dir' : 'reg';
    case 0x32:
      return 'sym';
    case 0x33:
      return 'chr';
    case 0x34:
      return 'blk';
    case 0x35:
      return 'dir';
    case 0x36:
      return 'fifo';
    default:
      return undefined;
  }
}

/** Sum of the 512 bytes at `at`; `words` is the same memory as 32-bit words, or absent when it is not aligned. */
export function blockSum(block: Buffer, at: number, words: Int32Array | undefined): number {
  if (words === undefined || at % 4 !== 0) return byteSum(block, at);
  // Two sums in the halves of one word; 128 words of two bytes each stay below 65,536.
  let sum = 0;
  const start = at >> 2;
  for (let i = start; i < start + BLOCK / 4; i++) {
    const word = words[i] ?? 0;
    sum = (sum + (word & 0x00ff00ff) + ((word >>> 8) & 0x00ff00ff)) | 0;
  }
  return (sum & 0xffff) + (sum >>> 16);
}

/** Whether the checksum field agrees with `sum`, the sum of the whole block; sums of signed bytes, once common, count. */
export function checksumFits(block: Buffer, at: number, sum: number): boolean {
  const stored = number(block, at + CHECKSUM, 8);
  let field = 0;
  for (let i = at + CHECKSUM; i < at + CHECKSUM + 8; i++) field += block[i] ?? 0;
  const unsigned = sum - field + 8 * 0x20;
  if (stored === unsigned) return true;
  let high = 0;
  for (let i = at; i < at + BLOCK; i++) {
    if ((block[i] ?? 0) > 0x7f && (i < at + CHECKSUM || i >= at + CHECKSUM + 8)) high++;
  }
  return stored === unsigned - 256 * high;
}

function byteSum(block: Buffer, at: number): number {
  let sum = 0;
  for (let i = at; i < at + BLOCK; i++) sum += block[i] ?? 0;
  return sum;
}

/** The name with the prefix that POSIX headers may have; in GNU headers other things lie there. */
function fullName(block: Buffer, at: number): string {
  const name = text(block, at + NAME, NAME_LENGTH);
  if (block[at + PREFIX] === 0 || !holdsText(block, at + MAGIC, 'ustar')) return name;
  return `${text(block, at + PREFIX, PREFIX_LENGTH)}/${name}`;
}

function text(block: Buffer, at: number, room: number): string {
  let end = at;
  while (end < at + room && block[end] !== 0) end++;
  return block.toString('latin1', at, end);
}

/** Whether the field at `at` holds `expected` and then a NUL. */
function holdsText(block: Buffer, at: number, expected: string): boolean {
  const length = expected.length;
  for (let i = 0; i < length; i++) if (block[at + i] !== expected.charCodeAt(i)) return false;
  return block[at + length] === 0;
}

/** An octal number between spaces and NULs, or GNU's base 256; NaN when it is neither. An empty field is 0. */
function number(block: Buffer, at: number, length: number): number {
  const first = block[at] ?? 0;
  if (first > 0x7f) return base256(block, at, length);
  const end = at + length;
  let i = at;
  while (i < end && block[i] === 0x20) i++;
  let value = 0;
  for (; i < end; i++) {
    const digit = (block[i] ?? 0) - 0x30;
    if (digit < 0 || digit > 7) break;
    value = value * 8 + digit;
  }
  if (i < end && block[i] !== 0 && block[i] !== 0x20) return Number.NaN;
  return value;
}

function base256(block: Buffer, at: number, length: number): number {
  const first = block[at] ?? 0;
  if (first !== 0x80 && first !== 0xff) return Number.NaN;
  let value = first === 0xff ? -1 : 0;
  for (let i = at + 1; i < at + length; i++) value = value * 256 + (block[i] ?? 0);
  return Number.isSafeInteger(value) ? value : Number.NaN;
}
