import { DIGEST, PADDING } from '../layout';

const SQRT2: u32 = 0x5a827999;
const SQRT3: u32 = 0x6ed9eba1;

// The chaining value of the block that is being hashed.
let h0: u32 = 0;
let h1: u32 = 0;
let h2: u32 = 0;
let h3: u32 = 0;

function choose(a: u32, b: u32, c: u32, d: u32, x: u32, s: i32): u32 {
  return rotl<u32>(a + (d ^ (b & (c ^ d))) + x, s);
}

function majority(a: u32, b: u32, c: u32, d: u32, x: u32, s: i32): u32 {
  return rotl<u32>(a + ((b & (c | d)) | (c & d)) + x + SQRT2, s);
}

function parity(a: u32, b: u32, c: u32, d: u32, x: u32, s: i32): u32 {
  return rotl<u32>(a + (b ^ c ^ d) + x + SQRT3, s);
}

function compress(p: usize): void {
  let a = h0;
  let b = h1;
  let c = h2;
  let d = h3;
  const x0 = load<u32>(p, 0);
  const x1 = load<u32>(p, 4);
  const x2 = load<u32>(p, 8);
  const x3 = load<u32>(p, 12);
  const x4 = load<u32>(p, 16);
  const x5 = load<u32>(p, 20);
  const x6 = load<u32>(p, 24);
  const x7 = load<u32>(p, 28);
  const x8 = load<u32>(p, 32);
  const x9 = load<u32>(p, 36);
  const x10 = load<u32>(p, 40);
  const x11 = load<u32>(p, 44);
  const x12 = load<u32>(p, 48);
  const x13 = load<u32>(p, 52);
  const x14 = load<u32>(p, 56);
  const x15 = load<u32>(p, 60);
  a = choose(a, b, c, d, x0, 3);
  d = choose(d, a, b, c, x1, 7);
  c = choose(c, d, a, b, x2, 11);
  b = choose(b, c, d, a, x3, 19);
  a = choose(a, b, c, d, x4, 3);
  d = choose(d, a, b, c, x5, 7);
  c = choose(c, d, a, b, x6, 11);
  b = choose(b, c, d, a, x7, 19);
  a = choose(a, b, c, d, x8, 3);
  d = choose(d, a, b, c, x9, 7);
  c = choose(c, d, a, b, x10, 11);
  b = choose(b, c, d, a, x11, 19);
  a = choose(a, b, c, d, x12, 3);
  d = choose(d, a, b, c, x13, 7);
  c = choose(c, d, a, b, x14, 11);
  b = choose(b, c, d, a, x15, 19);
  a = majority(a, b, c, d, x0, 3);
  d = majority(d, a, b, c, x4, 5);
  c = majority(c, d, a, b, x8, 9);
  b = majority(b, c, d, a, x12, 13);
  a = majority(a, b, c, d, x1, 3);
  d = majority(d, a, b, c, x5, 5);
  c = majority(c, d, a, b, x9, 9);
  b = majority(b, c, d, a, x13, 13);
  a = majority(a, b, c, d, x2, 3);
  d = majority(d, a, b, c, x6, 5);
  c = majority(c, d, a, b, x10, 9);
  b = majority(b, c, d, a, x14, 13);
  a = majority(a, b, c, d, x3, 3);
  d = majority(d, a, b, c, x7, 5);
  c = majority(c, d, a, b, x11, 9);
  b = majority(b, c, d, a, x15, 13);
  a = parity(a, b, c, d, x0, 3);
  d = parity(d, a, b, c, x8, 9);
  c = parity(c, d, a, b, x4, 11);
  b = parity(b, c, d, a, x12, 15);
  a = parity(a, b, c, d, x2, 3);
  d = parity(d, a, b, c, x10, 9);
  c = parity(c, d, a, b, x6, 11);
  b = parity(b, c, d, a, x14, 15);
  a = parity(a, b, c, d, x1, 3);
  d = parity(d, a, b, c, x9, 9);
  c = parity(c, d, a, b, x5, 11);
  b = parity(b, c, d, a, x13, 15);
  a = parity(a, b, c, d, x3, 3);
  d = parity(d, a, b, c, x11, 9);
  c = parity(c, d, a, b, x7, 11);
  b = parity(b, c, d, a, x15, 15);
  h0 += a;
  h1 += b;
  h2 += c;
  h3 += d;
}

/**
 * Copies the last `length % 64` bytes before `end` to `pad` and closes them with MD4's padding for a message of
 * `length` bytes. Returns the bytes of padded chunks, 64 or 128.
 */
export function padTail(pad: usize, end: usize, length: u32): u32 {
  const rest = length & 63;
  const size: u32 = rest < 56 ? 64 : 128;
  memory.fill(pad, 0, size);
  memory.copy(pad, end - rest, rest);
  store<u8>(pad + rest, 0x80);
  store<u64>(pad + size - 8, u64(length) << 3);
  return size;
}

/** MD4 of `length` bytes at `p`; the digest is put at DIGEST. */
export function md4(p: usize, length: u32): void {
  h0 = 0x67452301;
  h1 = 0xefcdab89;
  h2 = 0x98badcfe;
  h3 = 0x10325476;
  const end = p + length;
  for (const last = end - (length & 63); p < last; p += 64) compress(p);
  const size = padTail(PADDING, end, length);
  for (let at: u32 = 0; at < size; at += 64) compress(PADDING + at);
  store<u32>(DIGEST, h0, 0);
  store<u32>(DIGEST, h1, 4);
  store<u32>(DIGEST, h2, 8);
  store<u32>(DIGEST, h3, 12);
}
