const MODULUS: u32 = 65521;
/** The longest run in which no sum outgrows 32 bits; a multiple of 16. Source: zlib. */
const RUN: u32 = 5552;

/** zlib's check sum of `length` bytes at `p`, continued from `sum`. */
export function adler32(p: usize, length: u32, sum: u32): u32 {
  let low = sum & 0xffff;
  let high = sum >>> 16;
  // Sixteen bytes at a time: `plain` sums bytes, `before` sums what `plain` was ahead of each step (it counts sixteen times
  // in the high sum), `weighted` sums bytes times their distance from the end of their step.
  const firstWeights = i16x8(16, 15, 14, 13, 12, 11, 10, 9);
  const lastWeights = i16x8(8, 7, 6, 5, 4, 3, 2, 1);
  while (length > 0) {
    const run = min(length, RUN);
    length -= run;
    const end = p + run;
    const last = end - (run & 15);
    high += low * (run & ~15);
    let plain = i32x4.splat(0);
    let before = i32x4.splat(0);
    let weighted = i32x4.splat(0);
    for (; p < last; p += 16) {
      const bytes = v128.load(p);
      const first = i16x8.extend_low_i8x16_u(bytes);
      const second = i16x8.extend_high_i8x16_u(bytes);
      before = i32x4.add(before, plain);
      plain = i32x4.add(plain, i32x4.extadd_pairwise_i16x8_u(i16x8.add(first, second)));
      weighted = i32x4.add(weighted, i32x4.dot_i16x8_s(first, firstWeights));
      weighted = i32x4.add(weighted, i32x4.dot_i16x8_s(second, lastWeights));
    }
    low += total(plain);
    high += (total(before) << 4) + total(weighted);
    for (; p < end; p++) {
      low += load<u8>(p);
      high += low;
    }
    low %= MODULUS;
    high %= MODULUS;
  }
  return (high << 16) | low;
}

function total(x: v128): u32 {
  return i32x4.extract_lane(x, 0) + i32x4.extract_lane(x, 1) + i32x4.extract_lane(x, 2) + i32x4.extract_lane(x, 3);
}
