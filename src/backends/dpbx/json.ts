/**
 * JSON that may stand in a header: escapes for everything beyond ASCII and for DEL, as the protocol asks
 * (https://www.dropbox.com/developers/reference/json-encoding).
 */
export function headerJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
