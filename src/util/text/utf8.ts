/** Text in which each byte that is no part of valid UTF-8 is the lone surrogate 0xDC00 + byte. */
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
