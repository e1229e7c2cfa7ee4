import { type BytePath, bytePath, isAscii } from '../util/bytepath.ts';

const ESCAPED = /[\udc80-\udcff]/u;

/**
 * The characters of a file name, as patterns see them: UTF-8, each byte that is no part of valid UTF-8 becoming the lone
 * surrogate 0xDC00 + byte. The inverse of `encodeName`.
 */
export function decodeName(path: string): string {
  return isAscii(path) ? path : decodeText(Buffer.from(path, 'latin1'));
}

/** The same for a buffer, such as the content of a filelist. */
export function decodeText(buffer: Buffer): string {
  const text = buffer.toString('utf8');
  if (!text.includes('\ufffd')) return text;
  let out = '';
  let valid = 0;
  for (let i = 0; i < buffer.length;) {
    const length = sequenceLength(buffer, i);
    if (length > 0) {
      i += length;
      continue;
    }
    out += buffer.toString('utf8', valid, i) + String.fromCharCode(0xdc00 + (buffer[i] ?? 0));
    i += 1;
    valid = i;
  }
  return out + buffer.toString('utf8', valid);
}

/** The bytes of a decoded text. */
export function encodeName(text: string): BytePath {
  if (isAscii(text)) return bytePath(text);
  if (!ESCAPED.test(text)) return bytePath(Buffer.from(text, 'utf8').toString('latin1'));
  const pieces = text.split(/([\udc80-\udcff])/u);
  const bytes = pieces.map((piece) =>
    ESCAPED.test(piece)
      ? String.fromCharCode(piece.charCodeAt(0) - 0xdc00)
      : Buffer.from(piece, 'utf8').toString('latin1'),
  );
  return bytePath(bytes.join(''));
}

/** Length of the valid UTF-8 sequence at `i`, or 0: no overlong forms, no surrogates, nothing above U+10FFFF. */
function sequenceLength(buffer: Buffer, i: number): number {
  const first = buffer[i] ?? 0;
  if (first < 0x80) return 1;
  const second = buffer[i + 1] ?? 0;
  const isTail = (at: number): boolean => ((buffer[at] ?? 0) & 0xc0) === 0x80;
  if (first >= 0xc2 && first <= 0xdf) return isTail(i + 1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    if (!isTail(i + 1) || !isTail(i + 2)) return 0;
    if (first === 0xe0 && second < 0xa0) return 0;
    return first === 0xed && second > 0x9f ? 0 : 3;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    if (!isTail(i + 1) || !isTail(i + 2) || !isTail(i + 3)) return 0;
    if (first === 0xf0 && second < 0x90) return 0;
    return first === 0xf4 && second > 0x8f ? 0 : 4;
  }
  return 0;
}
