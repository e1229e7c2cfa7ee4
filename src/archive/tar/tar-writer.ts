import { bytePath, ROOT } from '../../util/bytepath.ts';
import type { Metadata } from '../entry.ts';
import { formatPax, toAscii } from './pax.ts';
import {
  BLOCK,
  CHECKSUM,
  GID,
  GNAME,
  LINK,
  LINK_LENGTH,
  MAGIC,
  MAJOR,
  MAX_LONG,
  MAX_SHORT,
  MINOR,
  MODE,
  MTIME,
  NAME,
  NAME_LENGTH,
  OWNER_LENGTH,
  paddingLength,
  SIZE,
  TYPE,
  TYPE_FLAGS,
  UID,
  UNAME,
} from './tar-header.ts';

/** One member to be written: bytes of its name, of whatever length, and how many bytes of body follow the header. */
export interface Member {
  readonly name: string;
  readonly meta: Metadata;
  readonly size: number;
}

/** An archive that is closed properly is a multiple of this long. */
const RECORD = 10_240;
const MAGIC_TEXT = 'ustar\u000000';
/** What every header's checksum begins with: magic, version, and the checksum field itself as eight spaces. */
const FIXED_SUM = Buffer.from(MAGIC_TEXT).reduce((sum, byte) => sum + byte, 8 * 0x20);
const PAX_FLAG = 0x78;
/** The metadata of nothing: all fields zero. */
export const NO_METADATA: Metadata = {
  type: 'reg',
  mode: 0,
  uid: 0,
  gid: 0,
  uname: '',
  gname: '',
  mtime: 0,
  size: 0,
  link: ROOT,
  major: 0,
  minor: 0,
};

/** Bytes that `writeHeader` writes for this member: a multiple of 512. */
export function headerLength(member: Member): number {
  if (fitsBlock(member)) return BLOCK;
  const body = formatPax(paxRecords(member)).length;
  return BLOCK + body + paddingLength(body) + BLOCK;
}

/** `writeHeader` writes no more than this, which is found out at no cost. */
export function headerBound({ name, meta }: Member): number {
  return 4 * BLOCK + name.length + meta.link.length + meta.uname.length + meta.gname.length;
}

/**
 * Writes the header (512 bytes, more when a PAX header is needed) into `into` at `at` and gives its length. The bytes
 * are those of Python's tarfile, which writes the reference's archives; a negative mtime, which the reference cannot
 * read back, becomes 0. There must be room: see `headerLength`.
 */
export function writeHeader(into: Buffer, at: number, member: Member): number {
  const flag = TYPE_FLAGS[member.meta.type];
  if (member.name.length <= NAME_LENGTH && writeBlock(into, at, member, flag)) return BLOCK;
  const body = formatPax(paxRecords(member));
  const before = BLOCK + body.length + paddingLength(body.length);
  into.fill(0, at, at + before);
  writeBlock(into, at, { name: '././@PaxHeader', meta: NO_METADATA, size: body.length }, PAX_FLAG);
  into.write(body, at + BLOCK, 'latin1');
  writeBlock(into, at + before, cut(member), flag);
  return before + BLOCK;
}

/** The header in a buffer of its own. */
export function encodeHeader(member: Member): Buffer {
  const header = Buffer.allocUnsafe(headerLength(member));
  writeHeader(header, 0, member);
  return header;
}

/** Zeros that fill the last block of a body of `size` bytes. */
export function padding(size: number): Buffer {
  return Buffer.alloc(paddingLength(size));
}

/** What closes a signature archive that is `length` bytes long so far. Volumes have no such end. */
export function trailer(length: number): Buffer {
  const end = length + 2 * BLOCK;
  return Buffer.alloc(Math.ceil(end / RECORD) * RECORD - length);
}

/** False, with the block half written, when the member needs a PAX header. */
function writeBlock(into: Buffer, at: number, member: Member, flag: number): boolean {
  if (at + BLOCK > into.length) throw new RangeError('no room for a tar header');
  const { meta } = member;
  if (!inShort(meta.uid) || !inShort(meta.gid) || meta.mtime > MAX_LONG || member.size > MAX_LONG) return false;
  into.fill(0, at, at + BLOCK);
  const name = putText(into, at + NAME, member.name, NAME_LENGTH);
  const link = putText(into, at + LINK, meta.link, LINK_LENGTH);
  const uname = putText(into, at + UNAME, meta.uname, OWNER_LENGTH);
  const gname = putText(into, at + GNAME, meta.gname, OWNER_LENGTH);
  if (name < 0 || link < 0 || uname < 0 || gname < 0) return false;
  let sum = FIXED_SUM + flag + name + link + uname + gname;
  sum += putOctal(into, at + MODE, 7, meta.mode & 0o7777);
  sum += putOctal(into, at + UID, 7, meta.uid);
  sum += putOctal(into, at + GID, 7, meta.gid);
  sum += putOctal(into, at + SIZE, 11, member.size);
  sum += putOctal(into, at + MTIME, 11, meta.mtime < 0 ? 0 : meta.mtime);
  into[at + TYPE] = flag;
  putText(into, at + MAGIC, MAGIC_TEXT, MAGIC_TEXT.length);
  if (meta.type === 'chr' || meta.type === 'blk') {
    if (!inShort(meta.major) || !inShort(meta.minor)) throw new RangeError('a device number does not fit into tar');
    sum += putOctal(into, at + MAJOR, 7, meta.major);
    sum += putOctal(into, at + MINOR, 7, meta.minor);
  }
  putOctal(into, at + CHECKSUM, 6, sum);
  into[at + CHECKSUM + 7] = 0x20;
  return true;
}

/** Whether the member needs no PAX header. */
function fitsBlock({ name, meta, size }: Member): boolean {
  return (
    !needsText(name, NAME_LENGTH) &&
    !needsText(meta.link, LINK_LENGTH) &&
    !needsText(meta.uname, OWNER_LENGTH) &&
    !needsText(meta.gname, OWNER_LENGTH) &&
    inShort(meta.uid) &&
    inShort(meta.gid) &&
    size <= MAX_LONG &&
    meta.mtime <= MAX_LONG
  );
}

/** Keys and order as tarfile has them. Only texts that do not fit into their ASCII field, counted in characters. */
function paxRecords({ name, meta, size }: Member): ReadonlyMap<string, string> {
  const records = new Map<string, string>();
  if (needsText(name, NAME_LENGTH)) records.set('path', name);
  if (needsText(meta.link, LINK_LENGTH)) records.set('linkpath', meta.link);
  if (needsText(meta.uname, OWNER_LENGTH)) records.set('uname', meta.uname);
  if (needsText(meta.gname, OWNER_LENGTH)) records.set('gname', meta.gname);
  if (!inShort(meta.uid)) records.set('uid', String(meta.uid));
  if (!inShort(meta.gid)) records.set('gid', String(meta.gid));
  if (size > MAX_LONG) records.set('size', String(size));
  if (meta.mtime > MAX_LONG) records.set('mtime', String(meta.mtime));
  return records;
}

/** The member as its ustar block shows it beside a PAX header. */
function cut({ name, meta, size }: Member): Member {
  return {
    name: toAscii(name).slice(0, NAME_LENGTH),
    size: size > MAX_LONG ? 0 : size,
    // Not by spreading: V8 would give it another shape and compile all that writes headers again.
    meta: {
      type: meta.type,
      mode: meta.mode,
      uid: inShort(meta.uid) ? meta.uid : 0,
      gid: inShort(meta.gid) ? meta.gid : 0,
      uname: toAscii(meta.uname).slice(0, OWNER_LENGTH),
      gname: toAscii(meta.gname).slice(0, OWNER_LENGTH),
      mtime: meta.mtime > MAX_LONG ? 0 : meta.mtime,
      size: meta.size,
      link: bytePath(toAscii(meta.link).slice(0, LINK_LENGTH)),
      major: meta.major,
      minor: meta.minor,
    },
  };
}

function needsText(text: string, room: number): boolean {
  if (text.length > room) return true;
  // Short as it is now, a loop is faster than a regular expression.
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return true;
  return false;
}

function inShort(value: number): boolean {
  return value >= 0 && value <= MAX_SHORT;
}

/** Sum of the bytes written; -1 when the text is too long or not ASCII. */
function putText(into: Buffer, at: number, text: string, room: number): number {
  const length = text.length;
  if (length > room) return -1;
  let sum = 0;
  for (let i = 0; i < length; i++) {
    const c = text.charCodeAt(i);
    if (c > 0x7f) return -1;
    into[at + i] = c;
    sum += c;
  }
  return sum;
}

/** Sum of the bytes written. */
function putOctal(into: Buffer, at: number, digits: number, value: number): number {
  let sum = 0;
  let i = at + digits - 1;
  let rest = value;
  // Bit operations take 32 bits: what lies above goes digit by digit.
  for (; rest > 0xffffffff; i--) {
    const digit = rest % 8;
    into[i] = 0x30 + digit;
    sum += 0x30 + digit;
    rest = (rest - digit) / 8;
  }
  for (let low = rest; i >= at; i--) {
    const digit = 0x30 + (low & 7);
    into[i] = digit;
    sum += digit;
    low >>>= 3;
  }
  return sum;
}
