const BLOCK = 512;
const CHECKSUM = 148;

/** A tar with the check sums of its headers put right, found by the sizes that they tell. */
export function signed(input: Buffer): Buffer {
  const bytes = Buffer.from(input);
  for (let at = 0; at + BLOCK <= bytes.length;) {
    const header = bytes.subarray(at, at + BLOCK);
    if (header.every((byte) => byte === 0)) break;
    header.fill(' ', CHECKSUM, CHECKSUM + 8);
    let sum = 0;
    for (const byte of header) sum += byte;
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, CHECKSUM, 'latin1');
    const size = Number.parseInt(header.toString('latin1', 124, 136), 8);
    at += BLOCK + (size > 0 ? Math.ceil(size / BLOCK) * BLOCK : 0);
  }
  return bytes;
}
