const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\t': '\\t', '\r': '\\r', "'": '\\x27' };

/** A name as a field of a log record: ASCII between single quotes. Source: docs/log-records.md, quoted names. */
export function quoteName(name: string): string {
  return `'${name.replace(/[^\u0020-\u007e]|[\\']/gu, escapeCharacter)}'`;
}

function escapeCharacter(character: string): string {
  const known = ESCAPES[character];
  if (known !== undefined) return known;
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}
