// Exactly these bytes: fixture vectors/quote.jsonl. NBSP and NEL, which JavaScript calls white space, stay raw.
const SPECIAL = /[\t\n\v\f\r \\"']/;
const SPECIALS = /[\t\n\v\f\r \\"']/g;

/** A byte string as it stands in a manifest: in double quotes, with special bytes as `\xHH`, if it has any of them. */
export function quote(bytes: string): string {
  if (!SPECIAL.test(bytes)) return bytes;
  return `"${bytes.replace(SPECIALS, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`)}"`;
}

/** The inverse of `quote`; undefined for a text that begins like a quoted one and is not. */
export function unquote(text: string): string | undefined {
  const mark = text.charAt(0);
  if (mark !== '"' && mark !== "'") return text;
  if (text.length < 2 || !text.endsWith(mark)) return undefined;
  const inner = text.slice(1, -1);
  if (/\\(?!x[0-9a-fA-F]{2})/.test(inner)) return undefined;
  return inner.replace(/\\x(..)/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
