import { CHAR_OFFSET, FILTER, FILTER_BITS, FILTER_FACTOR, HASH_FACTOR, QUEUE, STRIDE, SUMS } from '../layout';
import { find, sift } from './table';

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

/** 1 when the filter may hold this weak sum, else 0. */
function probe(filter: usize, filterShift: u32, weak: u32): u32 {
  const held = load<u64>(filter + (((weak * HASH_FACTOR) >> filterShift) << 3));
  const bits = weak * FILTER_FACTOR;
  return <u32>((held >> (bits >> 26)) & (held >> ((bits >> 20) & 63)) & 1);
}

/**
 * Rolls the sum of the block of `length` bytes at `p` on until a block matches (its entry is the answer) or it gets to
 * `stop` (-1). Eight positions at a time: the halves of the sum are 16 bits, so running sums over lanes give them all.
 */
export function roll(p: usize, stop: usize, length: u32, weak: u32): i32 {
  const filter: usize = load<u32>(FILTER);
  const filterShift = 32 - load<u32>(FILTER_BITS);
  const stride: usize = load<u32>(STRIDE);
  const lengths = i16x8.splat(<i16>length);
  const offsets = i16x8.splat(<i16>CHAR_OFFSET);
  let s1 = i16x8.splat(<i16>weak);
  let s2 = i16x8.splat(<i16>(weak >> 16));
  while (p + 8 <= stop) {
    let at: u32 = <u32>p;
    let sums: usize = SUMS;
    for (const last = min(stop - 8, p + stride - 8); p <= last; p += 8) {
      const out = v128.load_ext<u8>(p);
      const change = i16x8.sub(v128.load_ext<u8>(p + length), out);
      s1 = i16x8.add(lastOfAll(s1), prefixes(change));
      s2 = i16x8.add(lastOfAll(s2), prefixes(i16x8.sub(s1, i16x8.mul(i16x8.add(out, offsets), lengths))));
      v128.store(sums, v128.shuffle<i16>(s1, s2, 0, 8, 1, 9, 2, 10, 3, 11));
      v128.store(sums, v128.shuffle<i16>(s1, s2, 4, 12, 5, 13, 6, 14, 7, 15), 16);
      sums += 32;
    }
    // Without a branch, so that loads from a filter larger than the caches do not wait for one another.
    let queued: usize = QUEUE;
    for (let sum: usize = SUMS; sum < sums; sum += 4) {
      const weak = load<u32>(sum);
      at++;
      store<u32>(queued, at);
      store<u32>(queued, weak, 4);
      queued += probe(filter, filterShift, weak) << 3;
    }
    if (queued == QUEUE) continue;
    const entry = settle(sift(queued));
    if (entry >= 0) return entry;
  }
  return rollSlowly(p, stop, length, ((<u32>i16x8.extract_lane_u(s2, 7)) << 16) | <u32>i16x8.extract_lane_u(s1, 7));
}

/** The entry that matches first of what waits in the queue, or -1. */
function settle(last: usize): i32 {
  for (let at: usize = QUEUE; at < last; at += 8) {
    rolledTo = load<u32>(at);
    rolledWeak = load<u32>(at, 4);
    const entry = find(rolledTo, rolledWeak);
    if (entry >= 0) return entry;
  }
  return -1;
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
    entry = find(p, weak);
  }
  rolledTo = p;
  rolledWeak = weak;
  return entry;
}
