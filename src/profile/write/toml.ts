/** What a file is written from. */
export type TomlValue = string | number | boolean | readonly TomlValue[] | { readonly [key: string]: TomlValue };

const LINE = 100;

/** A key as TOML has it: in quotes where it has to be. */
export function tomlKey(key: string): string {
  return /^[\w-]+$/.test(key) ? key : quoted(key);
}

/** A value on one line, or a long list on several. */
export function tomlValue(value: TomlValue, width = LINE): string {
  if (typeof value === 'string') return quoted(value);
  if (typeof value !== 'object') return String(value);
  if (!Array.isArray(value)) {
    const entries = Object.entries(value).map(([key, inner]) => `${tomlKey(key)} = ${tomlValue(inner, Infinity)}`);
    return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
  }
  const items = (value as readonly TomlValue[]).map((item) => tomlValue(item, Infinity));
  const line = `[${items.join(', ')}]`;
  return line.length <= width ? line : `[\n${items.map((item) => `  ${item},\n`).join('')}]`;
}

/** With the quotes that need no escapes, if there are such. */
function quoted(text: string): string {
  if (!/["\\\u0000-\u001f\u007f]/.test(text)) return `"${text}"`;
  if (!/['\u0000-\u001f\u007f]/.test(text)) return `'${text}'`;
  const escaped = text.replace(/["\\]/g, '\\$&').replace(/[\u0000-\u001f\u007f]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  return `"${escaped}"`;
}
