/** What became of the bytes typed so far. */
export type Typed =
  | { readonly kind: 'more' }
  | { readonly kind: 'line'; readonly text: string }
  | { readonly kind: 'interrupt' }
  | { readonly kind: 'end' };

export interface LineEditor {
  /** Takes one byte of a terminal in raw mode. */
  type(byte: number): Typed;
}

const MORE: Typed = { kind: 'more' };

/** A line typed without echo: backspace, Ctrl-U, Ctrl-C and Ctrl-D do what the terminal would do itself. */
export function lineEditor(): LineEditor {
  let bytes: number[] = [];
  const finish = (): Typed => {
    const text = Buffer.from(bytes).toString('utf8');
    bytes = [];
    return { kind: 'line', text };
  };
  return {
    type(byte) {
      switch (byte) {
        case 0x03:
          return { kind: 'interrupt' };
        case 0x04:
          return bytes.length === 0 ? { kind: 'end' } : finish();
        case 0x0a:
        case 0x0d:
          return finish();
        case 0x08:
        case 0x7f:
          bytes = bytes.slice(0, lastCharacter(bytes));
          return MORE;
        case 0x15:
          bytes = [];
          return MORE;
        default:
          bytes.push(byte);
          return MORE;
      }
    },
  };
}

/** Where the last character of these UTF-8 bytes begins. */
function lastCharacter(bytes: readonly number[]): number {
  let at = Math.max(0, bytes.length - 1);
  while (at > 0 && ((bytes[at] ?? 0) & 0xc0) === 0x80) at -= 1;
  return at;
}
