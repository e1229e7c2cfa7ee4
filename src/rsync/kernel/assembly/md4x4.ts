import { PADDING } from '../layout';
import { padTail } from './md4';

const LANE_PADDING: u32 = 128;

// Chaining values of four blocks, one in each lane; after `md4x4` the four digests, word by word.
export let h0: v128 = i32x4.splat(0);
export let h1: v128 = i32x4.splat(0);
export let h2: v128 = i32x4.splat(0);
export let h3: v128 = i32x4.splat(0);

function rotate(x: v128, s: i32): v128 {
  return v128.or(i32x4.shl(x, s), i32x4.shr_u(x, 32 - s));
}

function choose(a: v128, b: v128, c: v128, d: v128, x: v128, s: i32): v128 {
  return rotate(i32x4.add(i32x4.add(a, x), v128.xor(d, v128.and(b, v128.xor(c, d)))), s);
}

function majority(a: v128, b: v128, c: v128, d: v128, x: v128, s: i32): v128 {
  const f = v128.or(v128.and(b, v128.or(c, d)), v128.and(c, d));
  return rotate(i32x4.add(i32x4.add(i32x4.add(a, x), i32x4.splat(0x5a827999)), f), s);
}

function parity(a: v128, b: v128, c: v128, d: v128, x: v128, s: i32): v128 {
  const f = v128.xor(b, v128.xor(c, d));
  return rotate(i32x4.add(i32x4.add(i32x4.add(a, x), i32x4.splat(0x6ed9eba1)), f), s);
}

function low(a: v128, b: v128): v128 {
  return v128.shuffle<i32>(a, b, 0, 4, 1, 5);
}

function high(a: v128, b: v128): v128 {
  return v128.shuffle<i32>(a, b, 2, 6, 3, 7);
}

function low64(a: v128, b: v128): v128 {
  return v128.shuffle<i64>(a, b, 0, 2);
}

function high64(a: v128, b: v128): v128 {
  return v128.shuffle<i64>(a, b, 1, 3);
}

/** Hashes `size` bytes of each lane, which lie `step` apart from `p` on. */
function compress(p: usize, step: usize, size: u32): void {
  let i0 = h0;
  let i1 = h1;
  let i2 = h2;
  let i3 = h3;
  let p1 = p + step;
  let p2 = p1 + step;
  let p3 = p2 + step;
  for (const end = p + size; p < end; p += 64) {
    const r0: v128 = v128.load(p, 0);
    const r1 = v128.load(p1, 0);
    const r2 = v128.load(p2, 0);
    const r3 = v128.load(p3, 0);
    const s0 = low(r0, r1);
    const s1 = low(r2, r3);
    const s2 = high(r0, r1);
    const s3 = high(r2, r3);
    const x0 = low64(s0, s1);
    const x1 = high64(s0, s1);
    const x2 = low64(s2, s3);
    const x3 = high64(s2, s3);
    const r4: v128 = v128.load(p, 16);
    const r5 = v128.load(p1, 16);
    const r6 = v128.load(p2, 16);
    const r7 = v128.load(p3, 16);
    const s4 = low(r4, r5);
    const s5 = low(r6, r7);
    const s6 = high(r4, r5);
    const s7 = high(r6, r7);
    const x4 = low64(s4, s5);
    const x5 = high64(s4, s5);
    const x6 = low64(s6, s7);
    const x7 = high64(s6, s7);
    const r8: v128 = v128.load(p, 32);
    const r9 = v128.load(p1, 32);
    const r10 = v128.load(p2, 32);
    const r11 = v128.load(p3, 32);
    const s8 = low(r8, r9);
    const s9 = low(r10, r11);
    const s10 = high(r8, r9);
    const s11 = high(r10, r11);
    const x8 = low64(s8, s9);
    const x9 = high64(s8, s9);
    const x10 = low64(s10, s11);
    const x11 = high64(s10, s11);
    const r12: v128 = v128.load(p, 48);
    const r13 = v128.load(p1, 48);
    const r14 = v128.load(p2, 48);
    const r15 = v128.load(p3, 48);
    const s12 = low(r12, r13);
    const s13 = low(r14, r15);
    const s14 = high(r12, r13);
    const s15 = high(r14, r15);
    const x12 = low64(s12, s13);
    const x13 = high64(s12, s13);
    const x14 = low64(s14, s15);
    const x15 = high64(s14, s15);
    let a = i0;
    let b = i1;
    let c = i2;
    let d = i3;
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
    i0 = i32x4.add(i0, a);
    i1 = i32x4.add(i1, b);
    i2 = i32x4.add(i2, c);
    i3 = i32x4.add(i3, d);
    p1 += 64;
    p2 += 64;
    p3 += 64;
  }
  h0 = i0;
  h1 = i1;
  h2 = i2;
  h3 = i3;
}

/** MD4 of four adjacent blocks of `length` bytes each, from `p` on. */
export function md4x4(p: usize, length: u32): void {
  h0 = i32x4.splat(0x67452301);
  h1 = i32x4.splat(0xefcdab89);
  h2 = i32x4.splat(0x98badcfe);
  h3 = i32x4.splat(0x10325476);
  compress(p, length, length & ~63);
  let size: u32 = 0;
  for (let lane: u32 = 0; lane < 4; lane++) {
    size = padTail(PADDING + lane * LANE_PADDING, p + <usize>(lane + 1) * length, length);
  }
  compress(PADDING, LANE_PADDING, size);
}

/** First eight digest bytes of lanes 0 and 1. */
export function firstPair(): v128 {
  return low(h0, h1);
}

/** First eight digest bytes of lanes 2 and 3. */
export function secondPair(): v128 {
  return high(h0, h1);
}

/** Last eight digest bytes of lanes 0 and 1. */
export function firstPairRest(): v128 {
  return low(h2, h3);
}

/** Last eight digest bytes of lanes 2 and 3. */
export function secondPairRest(): v128 {
  return high(h2, h3);
}
