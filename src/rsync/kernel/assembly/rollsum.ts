import { CHAR_OFFSET } from '../layout';

/** The rolling sum of `length` bytes at `p`: `s2 << 16 | s1`. */
export function weakSum(p: usize, length: u32): u32 {
  // Sixteen bytes at a time: `plain` sums bytes, `before` sums what `plain` was ahead of each step (it counts sixteen
  // times in s2), `weighted` sums bytes times their distance from the end of their step.
  const firstWeights = i16x8(16, 15, 14, 13, 12, 11, 10, 9);
  const lastWeights = i16x8(8, 7, 6, 5, 4, 3, 2, 1);
  let plain = i32x4.splat(0);
  let before = i32x4.splat(0);
  let weighted = i32x4.splat(0);
  const end = p + length;
  for (const last = end - (length & 15); p < last; p += 16) {
    const bytes = v128.load(p);
    const first = i16x8.extend_low_i8x16_u(bytes);
    const second = i16x8.extend_high_i8x16_u(bytes);
    before = i32x4.add(before, plain);
    plain = i32x4.add(plain, i32x4.extadd_pairwise_i16x8_u(i16x8.add(first, second)));
    weighted = i32x4.add(weighted, i32x4.dot_i16x8_s(first, firstWeights));
    weighted = i32x4.add(weighted, i32x4.dot_i16x8_s(second, lastWeights));
  }
  let s1 = total(plain);
  let s2 = (total(before) << 4) + total(weighted);
  for (; p < end; p++) {
    s1 += load<u8>(p);
    s2 += s1;
  }
  s1 += length * CHAR_OFFSET;
  s2 += <u32>((u64(length) * (u64(length) + 1)) >> 1) * CHAR_OFFSET;
  return (s2 << 16) | (s1 & 0xffff);
}

function total(x: v128): u32 {
  return i32x4.extract_lane(x, 0) + i32x4.extract_lane(x, 1) + i32x4.extract_lane(x, 2) + i32x4.extract_lane(x, 3);
}
