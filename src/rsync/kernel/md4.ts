const SQRT2 = 0x5a827999;
const SQRT3 = 0x6ed9eba1;

/** Four words of chaining value. */
export type Chain = Int32Array;

export function startChain(chain: Chain): void {
  chain[0] = 0x67452301;
  chain[1] = 0xefcdab89;
  chain[2] = 0x98badcfe;
  chain[3] = 0x10325476;
}

/**
 * Copies the last `length % 64` bytes before `end` to `pad` and closes them with MD4's padding for a message of
 * `length` bytes. Returns the bytes of padded chunks, 64 or 128.
 */
export function padTail(memory: Buffer, { pad, end, length }: { pad: number; end: number; length: number }): number {
  const rest = length % 64;
  const size = rest < 56 ? 64 : 128;
  memory.copyWithin(pad, end - rest, end);
  memory.fill(0, pad + rest, pad + size);
  memory[pad + rest] = 0x80;
  memory.writeUInt32LE((length * 8) >>> 0, pad + size - 8);
  memory.writeUInt32LE(Math.floor(length / 0x2000_0000), pad + size - 4);
  return size;
}

/** Hashes the whole 64-byte chunks from `from` to `to`. Unrolled: a loop over the steps is several times slower. */
export function compress(chain: Chain, view: DataView, from: number, to: number): void {
  let h0 = chain[0] ?? 0;
  let h1 = chain[1] ?? 0;
  let h2 = chain[2] ?? 0;
  let h3 = chain[3] ?? 0;
  for (let p = from; p < to; p += 64) {
    let a = h0;
    let b = h1;
    let c = h2;
    let d = h3;
    let t = 0;
    const x0 = view.getInt32(p + 0, true);
    const x1 = view.getInt32(p + 4, true);
    const x2 = view.getInt32(p + 8, true);
    const x3 = view.getInt32(p + 12, true);
    const x4 = view.getInt32(p + 16, true);
    const x5 = view.getInt32(p + 20, true);
    const x6 = view.getInt32(p + 24, true);
    const x7 = view.getInt32(p + 28, true);
    const x8 = view.getInt32(p + 32, true);
    const x9 = view.getInt32(p + 36, true);
    const x10 = view.getInt32(p + 40, true);
    const x11 = view.getInt32(p + 44, true);
    const x12 = view.getInt32(p + 48, true);
    const x13 = view.getInt32(p + 52, true);
    const x14 = view.getInt32(p + 56, true);
    const x15 = view.getInt32(p + 60, true);
    t = (a + (d ^ (b & (c ^ d))) + x0) | 0;
    a = (t << 3) | (t >>> 29);
    t = (d + (c ^ (a & (b ^ c))) + x1) | 0;
    d = (t << 7) | (t >>> 25);
    t = (c + (b ^ (d & (a ^ b))) + x2) | 0;
    c = (t << 11) | (t >>> 21);
    t = (b + (a ^ (c & (d ^ a))) + x3) | 0;
    b = (t << 19) | (t >>> 13);
    t = (a + (d ^ (b & (c ^ d))) + x4) | 0;
    a = (t << 3) | (t >>> 29);
    t = (d + (c ^ (a & (b ^ c))) + x5) | 0;
    d = (t << 7) | (t >>> 25);
    t = (c + (b ^ (d & (a ^ b))) + x6) | 0;
    c = (t << 11) | (t >>> 21);
    t = (b + (a ^ (c & (d ^ a))) + x7) | 0;
    b = (t << 19) | (t >>> 13);
    t = (a + (d ^ (b & (c ^ d))) + x8) | 0;
    a = (t << 3) | (t >>> 29);
    t = (d + (c ^ (a & (b ^ c))) + x9) | 0;
    d = (t << 7) | (t >>> 25);
    t = (c + (b ^ (d & (a ^ b))) + x10) | 0;
    c = (t << 11) | (t >>> 21);
    t = (b + (a ^ (c & (d ^ a))) + x11) | 0;
    b = (t << 19) | (t >>> 13);
    t = (a + (d ^ (b & (c ^ d))) + x12) | 0;
    a = (t << 3) | (t >>> 29);
    t = (d + (c ^ (a & (b ^ c))) + x13) | 0;
    d = (t << 7) | (t >>> 25);
    t = (c + (b ^ (d & (a ^ b))) + x14) | 0;
    c = (t << 11) | (t >>> 21);
    t = (b + (a ^ (c & (d ^ a))) + x15) | 0;
    b = (t << 19) | (t >>> 13);
    t = (a + ((b & (c | d)) | (c & d)) + x0 + SQRT2) | 0;
    a = (t << 3) | (t >>> 29);
    t = (d + ((a & (b | c)) | (b & c)) + x4 + SQRT2) | 0;
    d = (t << 5) | (t >>> 27);
    t = (c + ((d & (a | b)) | (a & b)) + x8 + SQRT2) | 0;
    c = (t << 9) | (t >>> 23);
    t = (b + ((c & (d | a)) | (d & a)) + x12 + SQRT2) | 0;
    b = (t << 13) | (t >>> 19);
    t = (a + ((b & (c | d)) | (c & d)) + x1 + SQRT2) | 0;
    a = (t << 3) | (t >>> 29);
    t = (d + ((a & (b | c)) | (b & c)) + x5 + SQRT2) | 0;
    d = (t << 5) | (t >>> 27);
    t = (c + ((d & (a | b)) | (a & b)) + x9 + SQRT2) | 0;
    c = (t << 9) | (t >>> 23);
    t = (b + ((c & (d | a)) | (d & a)) + x13 + SQRT2) | 0;
    b = (t << 13) | (t >>> 19);
    t = (a + ((b & (c | d)) | (c & d)) + x2 + SQRT2) | 0;
    a = (t << 3) | (t >>> 29);
    t = (d + ((a & (b | c)) | (b & c)) + x6 + SQRT2) | 0;
    d = (t << 5) | (t >>> 27);
    t = (c + ((d & (a | b)) | (a & b)) + x10 + SQRT2) | 0;
    c = (t << 9) | (t >>> 23);
    t = (b + ((c & (d | a)) | (d & a)) + x14 + SQRT2) | 0;
    b = (t << 13) | (t >>> 19);
    t = (a + ((b & (c | d)) | (c & d)) + x3 + SQRT2) | 0;
    a = (t << 3) | (t >>> 29);
    t = (d + ((a & (b | c)) | (b & c)) + x7 + SQRT2) | 0;
    d = (t << 5) | (t >>> 27);
    t = (c + ((d & (a | b)) | (a & b)) + x11 + SQRT2) | 0;
    c = (t << 9) | (t >>> 23);
    t = (b + ((c & (d | a)) | (d & a)) + x15 + SQRT2) | 0;
    b = (t << 13) | (t >>> 19);
    t = (a + (b ^ c ^ d) + x0 + SQRT3) | 0;
    a = (t << 3) | (t >>> 29);
    t = (d + (a ^ b ^ c) + x8 + SQRT3) | 0;
    d = (t << 9) | (t >>> 23);
    t = (c + (d ^ a ^ b) + x4 + SQRT3) | 0;
    c = (t << 11) | (t >>> 21);
    t = (b + (c ^ d ^ a) + x12 + SQRT3) | 0;
    b = (t << 15) | (t >>> 17);
    t = (a + (b ^ c ^ d) + x2 + SQRT3) | 0;
    a = (t << 3) | (t >>> 29);
    t = (d + (a ^ b ^ c) + x10 + SQRT3) | 0;
    d = (t << 9) | (t >>> 23);
    t = (c + (d ^ a ^ b) + x6 + SQRT3) | 0;
    c = (t << 11) | (t >>> 21);
    t = (b + (c ^ d ^ a) + x14 + SQRT3) | 0;
    b = (t << 15) | (t >>> 17);
    t = (a + (b ^ c ^ d) + x1 + SQRT3) | 0;
    a = (t << 3) | (t >>> 29);
    t = (d + (a ^ b ^ c) + x9 + SQRT3) | 0;
    d = (t << 9) | (t >>> 23);
    t = (c + (d ^ a ^ b) + x5 + SQRT3) | 0;
    c = (t << 11) | (t >>> 21);
    t = (b + (c ^ d ^ a) + x13 + SQRT3) | 0;
    b = (t << 15) | (t >>> 17);
    t = (a + (b ^ c ^ d) + x3 + SQRT3) | 0;
    a = (t << 3) | (t >>> 29);
    t = (d + (a ^ b ^ c) + x11 + SQRT3) | 0;
    d = (t << 9) | (t >>> 23);
    t = (c + (d ^ a ^ b) + x7 + SQRT3) | 0;
    c = (t << 11) | (t >>> 21);
    t = (b + (c ^ d ^ a) + x15 + SQRT3) | 0;
    b = (t << 15) | (t >>> 17);
    h0 = (h0 + a) | 0;
    h1 = (h1 + b) | 0;
    h2 = (h2 + c) | 0;
    h3 = (h3 + d) | 0;
  }
  chain[0] = h0;
  chain[1] = h1;
  chain[2] = h2;
  chain[3] = h3;
}

/** MD4 of the `length` bytes of `memory` at `from`, little-endian at `into`. `pad` has room for two chunks. */
export function md4(
  { memory, view, chain }: { readonly memory: Buffer; readonly view: DataView; readonly chain: Chain },
  { from, length, pad, into }: { from: number; length: number; pad: number; into: number },
): void {
  startChain(chain);
  const end = from + length;
  compress(chain, view, from, end - (length % 64));
  compress(chain, view, pad, pad + padTail(memory, { pad, end, length }));
  for (let word = 0; word < 4; word++) view.setInt32(into + 4 * word, chain[word] ?? 0, true);
}
