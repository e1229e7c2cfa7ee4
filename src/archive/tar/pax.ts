import { IntegrityError } from '../../errors/errors.ts';

/** Key → value, both as bytes in latin1. */
type PaxRecords = ReadonlyMap<string, string>;

/**
 * The body of a PAX header, in the order of `records`. Values that are not UTF-8 are announced by `hdrcharset=BINARY`,
 * as Python's tarfile does; the bytes of the values are the same either way.
 */
export function formatPax(records: PaxRecords): string {
  let text = [...records.values()].every(isUtf8) ? '' : '21 hdrcharset=BINARY\n';
  for (const [key, value] of records) text += record(key, value);
  return text;
}

/** Adds the records of a PAX header body to `records`. `label` is what messages call the header. */
export function parsePax(body: Buffer, records: Map<string, string>, label: string): void {
  let at = 0;
  // Some writers fill up with NULs inside the announced length.
  while (at < body.length && body[at] !== 0) {
    const space = body.indexOf(0x20, at);
    const digits = space < 0 ? '' : body.toString('latin1', at, space);
    const length = /^\d{1,9}$/.test(digits) ? Number(digits) : 0;
    const end = at + length - 1;
    const equals = body.indexOf(0x3d, space);
    if (end < space || body[end] !== 0x0a || equals < 0 || equals > end) {
      throw new IntegrityError('DAMAGED', `${label} is damaged: it has no valid record at its byte ${at}.`);
    }
    records.set(body.toString('latin1', space + 1, equals), body.toString('latin1', equals + 1, end));
    at = end + 1;
  }
}

/** What Python's tarfile puts into an ASCII-only field: `?` for each character it cannot. */
export function toAscii(bytes: string): string {
  let text = '';
  for (let at = 0; at < bytes.length;) {
    const length = sequenceLength(bytes, at);
    text += length === 1 ? bytes.charAt(at) : '?';
    at += length || 1;
  }
  return text;
}

export function isUtf8(bytes: string): boolean {
  for (let at = 0; at < bytes.length;) {
    const length = sequenceLength(bytes, at);
    if (length === 0) return false;
    at += length;
  }
  return true;
}

function record(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length;
  while (length !== rest.length + String(length).length) length = rest.length + String(length).length;
  return `${length}${rest}`;
}

/** Length of the UTF-8 sequence at `at` (RFC 3629: neither overlong forms nor surrogates), or 0. */
function sequenceLength(bytes: string, at: number): number {
  const first = bytes.charCodeAt(at);
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  const second = bytes.charCodeAt(at + 1);
  const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (!(second >= low && second <= high)) return 0;
  for (let i = 2; i < length; i++) {
    const next = bytes.charCodeAt(at + i);
    if (!(next >= 0x80 && next <= 0xbf)) return 0;
  }
  return length;
}
