import {
  BLOCK,
  CHAR_OFFSET,
  COPY,
  COPY_AT,
  COPY_BLOCKS,
  COPY_ENTRY,
  COPY_TAIL,
  COUNT,
  DIAGONAL,
  DIGEST,
  DOUBT,
  END,
  EXPECTED,
  GROUP,
  HUNGRY,
  LIMIT,
  LITERAL,
  MOST_CREDIT,
  PAID,
  POSITION,
  ROLLING,
  WEAK,
} from '../layout';
import { md4 } from './md4';
import { firstPair, firstPairRest, md4x4, secondPair, secondPairRest } from './md4x4';
import { roll, rolledTo, rolledWeak } from './roll';
import { weakSum } from './rollsum';
import { entryAt, find, isStrong, weakOf } from './table';

function isBlock(p: usize, length: u32, entry: u32): bool {
  if (weakSum(p, length) != weakOf(entry)) return false;
  md4(p, length);
  return isStrong(entryAt(entry), load<u64>(DIGEST), load<u64>(DIGEST, 8));
}

/** How many of the four blocks at `p` are the entries from `entry` on, up to the first that is not. */
function matchGroup(p: usize, length: u32, entry: u32): u32 {
  let alike: u32 = 0;
  while (alike < 4 && weakSum(p + alike * length, length) == weakOf(entry + alike)) alike++;
  if (alike < 4) {
    let same: u32 = 0;
    while (same < alike && isBlock(p + same * length, length, entry + same)) same++;
    return same;
  }
  md4x4(p, length);
  const first = firstPair();
  const firstRest = firstPairRest();
  if (!isStrong(entryAt(entry), i64x2.extract_lane(first, 0), i64x2.extract_lane(firstRest, 0))) return 0;
  if (!isStrong(entryAt(entry + 1), i64x2.extract_lane(first, 1), i64x2.extract_lane(firstRest, 1))) return 1;
  const second = secondPair();
  const secondRest = secondPairRest();
  if (!isStrong(entryAt(entry + 2), i64x2.extract_lane(second, 0), i64x2.extract_lane(secondRest, 0))) return 2;
  if (!isStrong(entryAt(entry + 3), i64x2.extract_lane(second, 1), i64x2.extract_lane(secondRest, 1))) return 3;
  return 4;
}

// Set by `follow`: it stopped for want of data, not because the order is broken.
let isStarved = false;

/** How many blocks at `p` continue the basis in order from `entry` on. */
function follow(p: usize, end: usize, entry: u32, isFinal: bool): u32 {
  const length = load<u32>(BLOCK);
  const count = load<u32>(COUNT);
  const group = load<u32>(GROUP);
  const first = entry;
  isStarved = false;
  while (group == 4 && entry + 4 <= count && end - p >= 4 * length) {
    const same = matchGroup(p, length, entry);
    entry += same;
    if (same < 4) return entry - first;
    p += 4 * length;
  }
  if (!isFinal && entry < count && end - p < <usize>(entry + group <= count ? group : <u32>1) * length) {
    isStarved = true;
    return entry - first;
  }
  while (entry < count && end - p >= length) {
    if (!isBlock(p, length, entry)) return entry - first;
    p += length;
    entry++;
    if (!isFinal && entry < count && end - p < length) {
      isStarved = true;
      break;
    }
  }
  return entry - first;
}

/** Looks for the short last block of the basis in the less than `length` bytes before `end`. Returns where, or `end`. */
function findTail(p: usize, end: usize): usize {
  const count = load<u32>(COUNT);
  if (count == 0 || p >= end) return end;
  const stored = weakOf(count - 1);
  let left = <u32>(end - p);
  const sum = weakSum(p, left);
  let s1 = sum & 0xffff;
  let s2 = sum >> 16;
  while (left > 0) {
    if (((s2 << 16) | (s1 & 0xffff)) == stored) {
      md4(p, left);
      if (isStrong(entryAt(count - 1), load<u64>(DIGEST), load<u64>(DIGEST, 8))) return p;
    }
    const out = <u32>load<u8>(p) + CHAR_OFFSET;
    s1 -= out;
    s2 -= left * out;
    left--;
    p++;
  }
  return end;
}

function report(position: usize, outcome: i32): i32 {
  store<u32>(POSITION, position);
  return outcome;
}

/**
 * Goes on from POSITION until there is something to say: see layout.ts for the words and the answers. What it finds
 * depends on the bytes only, never on how many of them each call sees.
 */
export function search(isFinal: bool): i32 {
  const length = load<u32>(BLOCK);
  const count = load<u32>(COUNT);
  const end: usize = load<u32>(END);
  const limit: usize = load<u32>(LIMIT);
  // Bytes that must be there to look for a block.
  const need: u32 = load<u32>(DOUBT) != 0 && !isFinal ? 2 * length : length;
  let p: usize = load<u32>(POSITION);
  let blocks: u32 = 0;
  // Before the distance is more than 32 bits can tell.
  const most: u32 = MOST_CREDIT * length;
  if (<u32>p - load<u32>(PAID) > most) store<u32>(PAID, <u32>p - most);
  store<u32>(COPY_BLOCKS, 0);
  store<u32>(COPY_TAIL, 0);
  for (;;) {
    let found = -1;
    if (!load<u32>(ROLLING)) {
      const entry = load<u32>(EXPECTED);
      const same = follow(p, end, entry, isFinal);
      if (same > 0 && blocks == 0) {
        store<u32>(COPY_AT, p);
        store<u32>(COPY_ENTRY, entry);
      }
      blocks += same;
      p += same * length;
      store<u32>(EXPECTED, isStarved ? entry + same : count);
      if (blocks > 0) {
        store<u32>(COPY_BLOCKS, blocks);
        store<u32>(DIAGONAL, load<u32>(COPY_AT) - load<u32>(COPY_ENTRY) * length);
        return report(p, COPY);
      }
      if (isStarved) return report(p, HUNGRY);
      if (end - p < need) break;
      const weak = weakSum(p, length);
      store<u32>(WEAK, weak);
      store<u32>(ROLLING, 1);
      found = find(p, weak);
    }
    if (found < 0) {
      found = roll(p, min<usize>(end - need, limit), length, load<u32>(WEAK));
      p = rolledTo;
      store<u32>(WEAK, rolledWeak);
      if (found < 0 && p >= limit) return report(p, LITERAL);
      if (found < 0) {
        if (!isFinal) return report(p, HUNGRY);
        p++;
        break;
      }
    }
    store<u32>(COPY_AT, p);
    store<u32>(COPY_ENTRY, found);
    store<u32>(ROLLING, 0);
    store<u32>(EXPECTED, found + 1);
    blocks = 1;
    p += length;
  }
  // Less than a block is left and nothing more comes, or may come: the short last block can only stand here.
  if (!isFinal) return report(p, HUNGRY);
  const at = findTail(p, end);
  if (at == end) return report(end, HUNGRY);
  store<u32>(COPY_AT, at);
  store<u32>(COPY_ENTRY, count - 1);
  store<u32>(COPY_TAIL, <u32>(end - at));
  return report(end, COPY);
}
