import { OUTPUT, PIECE, WINDOW_BYTES } from '../layout';
import { BUCKETS, BUCKETS_BYTES, FREQUENCIES, GUARD_BYTES, SLOT_FREQUENCIES, SLOTS, TOKENS } from './memory';
import { align, beginOutput, out } from './bits';
import { writeBlock, writeSync } from './block';
import { beginBlock, endsHere, STRIDE } from './split';

const HASH_FACTOR: u32 = 0x9e3779b1;
const LONGEST: u32 = 258;
/** The least key of a match that pays: four bytes from less than 16 KiB away. From farther they cost what the bytes do. */
const LEAST: i32 = (4 << 16) - 0x3fff;
/** A match of this length or more is taken without a look at the next position. */
const LAZY: i32 = 16;
/** Up to this length all positions of a match can be found again; of longer ones the first four, the last eight and every second between. */
const DENSE: u32 = 16;
/** Misses after which positions begin to be passed over, and the most that are. */
const MISSES_SHIFT: u32 = 6;
const MOST_SKIPPED: u32 = 15;
const LEAST_BLOCK: u32 = 10_000;
/** There is room for 32,768: this leaves some for what is added between two looks. */
const MOST_TOKENS: u32 = 32_000;
const NO_SLOT: u32 = 31 << 9;

// A match is a key: its length << 16, less its distance - 1. The greatest is the longest, of equals the nearest.

// @ts-ignore: decorator
@inline
function lengthOf(key: i32): i32 {
  return (key + 0xffff) >> 16;
}

/** Where the bucket of a word lies in BUCKETS. */
// @ts-ignore: decorator
@inline
function bucketOf(word: u32): usize {
  return ((word * HASH_FACTOR) >> 18) << 3;
}

// @ts-ignore: decorator
@inline
function insert(p: usize, word: u32): void {
  const bucket = bucketOf(word);
  store<u64>(bucket, (load<u64>(bucket, BUCKETS) << 16) | (p & 0xffff), BUCKETS);
}

/**
 * The key for a position that `back` + 1 bytes ago had the same hash, of the first 16 bytes only. Positions are known by
 * their last 16 bits: from 32 KiB on they are out of the window, and nothing is equal.
 */
// @ts-ignore: decorator
@inline
function look(p: usize, back: u32, bytes: v128): i32 {
  const equal = i8x16.bitmask(i8x16.eq(v128.load(p - back - 1), bytes));
  return (ctz<u32>(~equal | (back >> 15)) << 16) - back;
}

/** The best match at `p`, which also becomes known. */
// @ts-ignore: decorator
@inline
function probe(p: usize, end: usize): i32 {
  const bytes = v128.load(p);
  const bucket = bucketOf(<u32>i32x4.extract_lane(bytes, 0));
  const found = load<u64>(bucket, BUCKETS);
  store<u64>(bucket, (found << 16) | (p & 0xffff), BUCKETS);
  const at = <u32>p - 1;
  const a = look(p, (at - <u32>found) & 0xffff, bytes);
  const b = look(p, (at - <u32>(found >> 16)) & 0xffff, bytes);
  const c = look(p, (at - <u32>(found >> 32)) & 0xffff, bytes);
  const d = look(p, (at - <u32>(found >> 48)) & 0xffff, bytes);
  const best = max(max(a, b), max(c, d));
  return best > 15 << 16 ? longest(p, end, a, b, c, d) : best;
}

/** The longest of those whose first 16 bytes are equal. Of equals the first, which is the nearest. */
function longest(p: usize, end: usize, a: i32, b: i32, c: i32, d: i32): i32 {
  const most = min(<u32>(end - p), LONGEST);
  let best = extend(p, most, a, 0);
  best = extend(p, most, b, best);
  best = extend(p, most, c, best);
  return extend(p, most, d, best);
}

function extend(p: usize, most: u32, key: i32, best: i32): i32 {
  if (key <= 15 << 16) return best;
  const back = <u32>((16 << 16) - key);
  const known = <u32>lengthOf(best);
  if (known > 0 && load<u8>(p + known) != load<u8>(p + known - back - 1)) return best;
  let length: u32 = 16;
  while (length < most) {
    const equal = i8x16.bitmask(i8x16.eq(v128.load(p + length), v128.load(p + length - back - 1)));
    length += ctz<u32>(~equal);
    if (equal != 0xffff) break;
  }
  return length > known ? (length << 16) - back : best;
}

// @ts-ignore: decorator
@inline
function addLiteral(token: usize, p: usize): void {
  const byte = <u32>load<u8>(p);
  store<u32>(token, byte | NO_SLOT);
  store<u32>(byte << 2, load<u32>(byte << 2, FREQUENCIES) + 1, FREQUENCIES);
}

// @ts-ignore: decorator
@inline
function addMatch(token: usize, length: u32, back: u32): void {
  const slot = <u32>load<u8>(select<u32>(back, 256 + (back >> 7), back < 256), SLOTS);
  store<u32>(token, (253 + length) | (slot << 9) | (back << 14));
  store<u32>(length << 2, load<u32>(length << 2, FREQUENCIES + 1012) + 1, FREQUENCIES + 1012);
  store<u32>(slot << 2, load<u32>(slot << 2, SLOT_FREQUENCIES) + 1, SLOT_FREQUENCIES);
}

/** Makes the positions from `p` up to `end` known. */
function insertAll(p: usize, end: usize): void {
  for (; p + 4 <= end; p += 4) {
    const bytes = load<u64>(p);
    insert(p, <u32>bytes);
    insert(p + 1, <u32>(bytes >> 8));
    insert(p + 2, <u32>(bytes >> 16));
    insert(p + 3, <u32>(bytes >> 24));
  }
  for (; p < end; p++) insert(p, load<u32>(p));
}

function insertSome(p: usize, end: usize): void {
  for (; p + 4 <= end; p += 4) {
    const bytes = load<u64>(p);
    insert(p, <u32>bytes);
    insert(p + 2, <u32>(bytes >> 16));
  }
}

/** Forgets all positions: makes them seem out of the window until `start` itself is. */
function clearBuckets(start: usize): void {
  const none = i16x8.splat(<i16>(start + 0x7fff));
  for (let at: usize = BUCKETS, stop: usize = BUCKETS + BUCKETS_BYTES; at < stop; at += 64) {
    v128.store(at, none);
    v128.store(at, none, 16);
    v128.store(at, none, 32);
    v128.store(at, none, 48);
  }
}

/** Deflates the piece: see `deflate`. */
export function deflatePiece(before: u32, length: u32, isLast: bool): u32 {
  const start: usize = PIECE - before;
  const end: usize = PIECE + length;
  clearBuckets(start);
  memory.fill(end, 0, GUARD_BYTES);
  beginOutput();
  insertAll(start, PIECE);
  let p: usize = PIECE;
  while (p < end) p = deflateBlock(p, end, isLast);
  // Nothing at all is an empty block.
  if (length == 0 && isLast) deflateBlock(p, end, true);
  if (isLast) align();
  else writeSync();
  return <u32>(out - OUTPUT);
}

/** Writes one block and answers where the next one begins. */
function deflateBlock(from: usize, end: usize, isLast: bool): usize {
  memory.fill(FREQUENCIES, 0, 2048);
  memory.fill(SLOT_FREQUENCIES, 0, 128);
  beginBlock();
  let p = from;
  let token: usize = TOKENS;
  let check: usize = TOKENS + (STRIDE << 2);
  let misses: u32 = 0;
  // No position is looked at whose word of four bytes is not all there.
  const last: usize = end - 4;
  while (p <= last) {
    if (token >= check) {
      const tokens = <u32>(token - TOKENS) >> 2;
      const length = <u32>(p - from);
      const ends = endsHere(tokens, length) && length >= LEAST_BLOCK && <u32>(end - p) >= LEAST_BLOCK;
      if (ends || tokens >= MOST_TOKENS) break;
      check = token + (STRIDE << 2);
    }
    let best = probe(p, end);
    if (best < LEAST) {
      addLiteral(token, p);
      token += 4;
      p++;
      misses++;
      if (misses > 1 << MISSES_SHIFT) {
        for (const stop = min(p + min(misses >> MISSES_SHIFT, MOST_SKIPPED), end); p < stop; p++) {
          addLiteral(token, p);
          token += 4;
        }
      }
      continue;
    }
    misses = 0;
    let known = p + 1;
    while (best <= (LAZY - 1) << 16 && p < last) {
      const next = probe(known, end);
      known++;
      if (lengthOf(next) <= lengthOf(best)) break;
      addLiteral(token, p);
      token += 4;
      p++;
      best = next;
    }
    const length = <u32>lengthOf(best);
    const back = (length << 16) - best;
    const cut = min<u32>(length, min<u32>(<u32>(end - p), LONGEST));
    addMatch(token, cut, back);
    token += 4;
    p += cut;
    if (cut <= DENSE) {
      insertAll(known, p);
    } else {
      insertAll(known, known + 4);
      insertSome(known + 4, p - 8);
      insertAll(p - 8, p);
    }
  }
  if (p > last) {
    for (; p < end; p++) {
      addLiteral(token, p);
      token += 4;
    }
  }
  writeBlock(token, from, <u32>(p - from), u32(isLast && p == end));
  return p;
}
