import { CHAR_OFFSET, FILTER, FILTER_BITS, FILTER_FACTOR, HASH_FACTOR, ROLLED } from '../layout';
import { find } from './table';

// Where `roll` stopped, and the weak sum of the block there.
export let rolledTo: usize = 0;
export let rolledWeak: u32 = 0;

/** Sums of the lanes up to and including each. */
function prefixes(x: v128): v128 {
  const zero = i16x8.splat(0);
  x = i16x8.add(x, v128.shuffle<i16>(zero, x, 7, 8, 9, 10, 11, 12, 13, 14));
  x = i16x8.add(x, v128.shuffle<i16>(zero, x, 6, 7, 8, 9, 10, 11, 12, 13));
  return i16x8.add(x, v128.shuffle<i16>(zero, x, 4, 5, 6, 7, 8, 9, 10, 11));
}

function lastOfAll(x: v128): v128 {
  return v128.shuffle<i16>(x, x, 7, 7, 7, 7, 7, 7, 7, 7);
}

/** 1 when the filter may hold the weak sum with this word number and these bits. */
function probe(filter: usize, word: u32, bits: u32): u32 {
  const held = load<u64>(filter + (word << 3));
  return <u32>((held >> (bits >> 26)) & (held >> ((bits >> 20) & 63)) & 1);
}

/** Which of four weak sums the filter may hold, one bit each. */
function probeFour(filter: usize, weak: v128, filterShift: u32): u32 {
  const words = i32x4.shr_u(i32x4.mul(weak, i32x4.splat(HASH_FACTOR)), filterShift);
  const bits = i32x4.mul(weak, i32x4.splat(FILTER_FACTOR));
  return (
    probe(filter, i32x4.extract_lane(words, 0), i32x4.extract_lane(bits, 0)) |
    (probe(filter, i32x4.extract_lane(words, 1), i32x4.extract_lane(bits, 1)) << 1) |
    (probe(filter, i32x4.extract_lane(words, 2), i32x4.extract_lane(bits, 2)) << 2) |
    (probe(filter, i32x4.extract_lane(words, 3), i32x4.extract_lane(bits, 3)) << 3)
  );
}

/**
 * Rolls the sum of the block of `length` bytes at `p` on until a block matches (its entry is the answer) or it gets to
 * `stop` (-1). Eight positions at a time: the halves of the sum are 16 bits, so running sums over lanes give them all.
 */
export function roll(p: usize, stop: usize, length: u32, weak: u32): i32 {
  const filter: usize = load<u32>(FILTER);
  const filterShift = 32 - load<u32>(FILTER_BITS);
  const lengths = i16x8.splat(<i16>length);
  const offsets = i16x8.splat(<i16>CHAR_OFFSET);
  let s1 = i16x8.splat(<i16>weak);
  let s2 = i16x8.splat(<i16>(weak >> 16));
  while (p + 8 <= stop) {
    const out = v128.load_ext<u8>(p);
    const change = i16x8.sub(v128.load_ext<u8>(p + length), out);
    s1 = i16x8.add(lastOfAll(s1), prefixes(change));
    s2 = i16x8.add(lastOfAll(s2), prefixes(i16x8.sub(s1, i16x8.mul(i16x8.add(out, offsets), lengths))));
    const first = v128.shuffle<i16>(s1, s2, 0, 8, 1, 9, 2, 10, 3, 11);
    const second = v128.shuffle<i16>(s1, s2, 4, 12, 5, 13, 6, 14, 7, 15);
    let hits = probeFour(filter, first, filterShift) | (probeFour(filter, second, filterShift) << 4);
    if (hits != 0) {
      v128.store(ROLLED, first);
      v128.store(ROLLED, second, 16);
      for (; hits != 0; hits &= hits - 1) {
        const lane = ctz<u32>(hits);
        const weak = load<u32>(ROLLED + (lane << 2));
        const at = p + lane + 1;
        const entry = find(at, length, weak);
        if (entry < 0) continue;
        rolledTo = at;
        rolledWeak = weak;
        return entry;
      }
    }
    p += 8;
  }
  return rollSlowly(p, stop, length, ((<u32>i16x8.extract_lane_u(s2, 7)) << 16) | <u32>i16x8.extract_lane_u(s1, 7));
}

function rollSlowly(p: usize, stop: usize, length: u32, weak: u32): i32 {
  let s1 = weak & 0xffff;
  let s2 = weak >> 16;
  let entry = -1;
  while (p < stop && entry < 0) {
    const out = <u32>load<u8>(p);
    s1 += <u32>load<u8>(p + length) - out;
    s2 += s1 - length * (out + CHAR_OFFSET);
    p++;
    weak = (s2 << 16) | (s1 & 0xffff);
    entry = find(p, length, weak);
  }
  rolledTo = p;
  rolledWeak = weak;
  return entry;
}
