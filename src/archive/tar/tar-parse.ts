import { bytePath } from '../../util/bytepath.ts';
import type { FileType, Metadata } from '../entry.ts';
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

const NO_LINK = bytePath('');

/** A header block as it stands, before extended headers are applied. */
export interface RawHeader {
  readonly name: string;
  /** The size field; what it means depends on the type. */
  readonly size: number;
  /** Its type is `reg` for every flag that `fileType` does not know. */
  readonly meta: Metadata;
}

/** Word offsets in a header: the numbers of mode, uid and gid, and the words that the owners' names lie in. */
const IDS = MODE / 4;
const OWNERS = (UNAME - 1) / 4;

/**
 * Parses header blocks. In a tree most of a header is as in the one before: what is the same, told a word at a time, is
 * not decoded again.
 */
export class HeaderParser {
  /** The type flag of the last block. */
  flag = 0;
  /** At least so many first bytes of the last name are those of the name before; 0 when that is not known. */
  shared = 0;

  readonly #nameWords = new Int32Array(NAME_LENGTH / 4);
  readonly #idWords = new Int32Array((SIZE - MODE) / 4);
  readonly #ownerWords = new Int32Array((MAJOR + 3 - UNAME + 1) / 4);
  #nameLength = 0;
  #isNameKnown = false;
  #mode = 0;
  #uid = 0;
  #gid = 0;
  #uname = '';
  #gname = '';

  /**
   * The block at `at`, a multiple of 4, whose checksum has been looked at; `words` is the same memory as 32-bit words.
   * undefined when a number in it is none.
   */
  parse(block: Buffer, at: number, words: Int32Array): RawHeader | undefined {
    const flag = block[at + TYPE] ?? 0;
    this.flag = flag;
    const size = number(block, at + SIZE, 12);
    const mtime = number(block, at + MTIME, 12);
    const device = flag === 0x33 || flag === 0x34;
    const major = device ? number(block, at + MAJOR, 8) : 0;
    const minor = device ? number(block, at + MINOR, 8) : 0;
    if (!isAsSaved(words, (at >> 2) + IDS, this.#idWords)) this.#readIds(block, at);
    if (!isAsSaved(words, (at >> 2) + OWNERS, this.#ownerWords)) this.#readOwners(block, at);
    // One test for all: NaN carries through sums.
    if (Number.isNaN(size + mtime + major + minor + this.#mode + this.#uid + this.#gid)) return undefined;
    const name = this.#readName(block, at, words);
    const meta: Metadata = {
      type: fileType(flag, name) ?? 'reg',
      mode: this.#mode,
      uid: this.#uid,
      gid: this.#gid,
      uname: this.#uname,
      gname: this.#gname,
      mtime,
      size: 0,
      link: block[at + LINK] === 0 ? NO_LINK : bytePath(text(block, at + LINK, LINK_LENGTH)),
      major,
      minor,
    };
    return { name, size, meta };
  }

  /** The last name is not that of a member: nothing can be told from what the next one shares with it. */
  forgetName(): void {
    this.#isNameKnown = false;
    this.shared = 0;
  }

  /** The name with the prefix that POSIX headers may have; in GNU headers other things lie there. */
  #readName(block: Buffer, at: number, words: Int32Array): string {
    const same = 4 * countSaved(words, at >> 2, this.#nameWords);
    // Its NUL does not lie in what is shared with a longer name.
    let end = at + Math.min(same, this.#nameLength);
    while (end < at + NAME_LENGTH && block[end] !== 0) end++;
    this.#nameLength = end - at;
    this.shared = this.#isNameKnown ? same : 0;
    this.#isNameKnown = true;
    const name = block.toString('latin1', at + NAME, end);
    if (block[at + PREFIX] === 0 || !holdsText(block, at + MAGIC, 'ustar')) return name;
    this.forgetName();
    return `${text(block, at + PREFIX, PREFIX_LENGTH)}/${name}`;
  }

  #readIds(block: Buffer, at: number): void {
    this.#mode = number(block, at + MODE, 8);
    if (!Number.isNaN(this.#mode)) this.#mode &= 0o7777;
    this.#uid = number(block, at + UID, 8);
    this.#gid = number(block, at + GID, 8);
  }

  #readOwners(block: Buffer, at: number): void {
    this.#uname = text(block, at + UNAME, OWNER_LENGTH);
    this.#gname = text(block, at + GNAME, OWNER_LENGTH);
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

/** Sum of the 512 bytes that `words` holds from its word `start` on. */
export function blockSum(words: Int32Array, start: number): number {
  // Two sums in the halves of one word; 128 words of two bytes each stay below 65,536.
  let sum = 0;
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
  return stored === unsigned || stored === unsigned - 256 * highBytes(block, at);
}

/** Bytes above 0x7f outside the checksum field. */
function highBytes(block: Buffer, at: number): number {
  let high = 0;
  for (let i = at; i < at + BLOCK; i++) {
    if ((block[i] ?? 0) > 0x7f && (i < at + CHECKSUM || i >= at + CHECKSUM + 8)) high++;
  }
  return high;
}

/** How many first words at `at` are as saved; the others are saved now. */
function countSaved(words: Int32Array, at: number, saved: Int32Array): number {
  const { length } = saved;
  let same = 0;
  while (same < length && words[at + same] === saved[same]) same++;
  for (let i = same; i < length; i++) saved[i] = words[at + i] ?? 0;
  return same;
}

function isAsSaved(words: Int32Array, at: number, saved: Int32Array): boolean {
  return countSaved(words, at, saved) === saved.length;
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
