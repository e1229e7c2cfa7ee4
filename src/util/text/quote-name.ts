import { decodeName } from './text.ts';
import type { BytePath } from '../bytepath.ts';

/**
 * A name as a field of a machine record: decoded text, escaped like Python's `unicode-escape` (bytes that are not UTF-8
 * as `\udcNN`), `'` as `\x27`, enclosed in `'`. Blanks stay. Front ends undo exactly this.
 */
export function quoteName(name: BytePath): string {
  if (/^[ -&(-[\]-~]*$/.test(name)) return `'${name}'`;
  let out = '';
  for (const symbol of decodeName(name)) out += escapeSymbol(symbol);
  return `'${out}'`;
}

function escapeSymbol(symbol: string): string {
  switch (symbol) {
    case '\\':
      return '\\\\';
    case '\n':
      return '\\n';
    case '\t':
      return '\\t';
    case '\r':
      return '\\r';
    case "'":
      return '\\x27';
  }
  const code = symbol.codePointAt(0) ?? 0;
  if (code >= 0x20 && code < 0x7f) return symbol;
  const hex = code.toString(16);
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}
