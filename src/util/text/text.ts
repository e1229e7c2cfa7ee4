import { type BytePath, bytePath, isAscii } from '../bytepath.ts';
import { decodeText } from './utf8.ts';

const ESCAPED = /[\udc80-\udcff]/u;

/**
 * The characters of a file name, as patterns see them: UTF-8, each byte that is no part of valid UTF-8 becoming the lone
 * surrogate 0xDC00 + byte. The inverse of `encodeName`.
 */
export function decodeName(path: string): string {
  return isAscii(path) ? path : decodeText(Buffer.from(path, 'latin1'));
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
