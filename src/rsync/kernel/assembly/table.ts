import {
  BLOCK,
  BUCKET,
  COUNT,
  DIAGONAL,
  DIGEST,
  DOUBT,
  EMPTY,
  END,
  ENTRIES,
  ENTRY_BITS,
  FILTER,
  FILTER_BITS,
  FILTER_FACTOR,
  HASH_FACTOR,
  MOST_CREDIT,
  PAID,
  PROBE_LIMIT,
  QUEUE,
  SINK,
  SLOTS,
  SLOT_COUNT,
  STRONG,
} from '../layout';
import { md4 } from './md4';
import { weakSum } from './rollsum';

/** Entries whose table lines are fetched ahead of their turn: one miss after the other would take most of the time. */
const AHEAD: u32 = 32;

// Masks over the two halves of a digest: what of it an entry holds.
let firstMask: u64 = 0;
let restMask: u64 = 0;

export function entryAt(entry: u32): usize {
  return load<u32>(ENTRIES) + entry * (4 + load<u32>(STRONG));
}

export function weakOf(entry: u32): u32 {
  return bswap<u32>(load<u32>(entryAt(entry)));
}

/** True when the entry at `p` holds this strong sum. */
export function isStrong(p: usize, first: u64, rest: u64): bool {
  return (((load<u64>(p, 4) ^ first) & firstMask) | ((load<u64>(p, 12) ^ rest) & restMask)) == 0;
}

/** Address of the bucket to look at first for a hash. */
function bucketOf(hash: u32): usize {
  const buckets = load<u32>(SLOT_COUNT) / BUCKET;
  return load<u32>(SLOTS) + ((<usize>((u64(hash) * u64(buckets)) >> 32)) << 6);
}

/** The bucket that takes what the one at `bucket` has no room for. */
function bucketAfter(bucket: usize): usize {
  const slots: usize = load<u32>(SLOTS);
  const next = bucket + 4 * BUCKET;
  return next == slots + (load<u32>(SLOT_COUNT) << 2) ? slots : next;
}

/** Which slots of a bucket are `wanted` in the bits of `mask`, one bit each. */
function slotsWith(bucket: usize, wanted: v128, mask: v128): u32 {
  const first = i32x4.eq(v128.and(v128.load(bucket, 0), mask), wanted);
  const second = i32x4.eq(v128.and(v128.load(bucket, 16), mask), wanted);
  const third = i32x4.eq(v128.and(v128.load(bucket, 32), mask), wanted);
  const fourth = i32x4.eq(v128.and(v128.load(bucket, 48), mask), wanted);
  return i8x16.bitmask(i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(first, second), i16x8.narrow_i32x4_s(third, fourth)));
}

/** Buckets are filled from the beginning. */
function isFull(bucket: usize): bool {
  return load<u32>(bucket, 4 * (BUCKET - 1)) != <u32>EMPTY;
}

/** The two bits of a weak sum in its filter word. */
function filterMask(weak: u32): u64 {
  const hash = weak * FILTER_FACTOR;
  return ((<u64>1) << (hash >> 26)) | ((<u64>1) << ((hash >> 20) & 63));
}

/** Enters all weak sums into filter and hash table; the first of equal entries stands for all. */
export function buildTable(): void {
  const strong = load<u32>(STRONG);
  firstMask = strong >= 8 ? ~(<u64>0) : ((<u64>1) << (8 * strong)) - 1;
  restMask = strong <= 8 ? 0 : strong == 16 ? ~(<u64>0) : ((<u64>1) << (8 * (strong - 8))) - 1;
  const count = load<u32>(COUNT);
  const filter: usize = load<u32>(FILTER);
  const filterShift = 32 - load<u32>(FILTER_BITS);
  memory.fill(<usize>load<u32>(SLOTS), <u8>EMPTY, (<usize>load<u32>(SLOT_COUNT)) << 2);
  memory.fill(filter, 0, (<usize>8) << load<u32>(FILTER_BITS));
  for (let entry: u32 = 0; entry < count;) {
    const to = min(count, entry + AHEAD);
    fetch(entry, to, filter, filterShift);
    for (; entry < to; entry++) {
      const weak = weakOf(entry);
      const word = filter + (((weak * HASH_FACTOR) >> filterShift) << 3);
      store<u64>(word, load<u64>(word) | filterMask(weak));
      insert(entry, weak);
    }
  }
}

/** Brings what the entries need into the cache. */
function fetch(entry: u32, to: u32, filter: usize, filterShift: u32): void {
  let sum: u32 = 0;
  for (; entry < to; entry++) {
    const hash = weakOf(entry) * HASH_FACTOR;
    sum += load<u32>(bucketOf(hash)) + load<u32>(filter + ((hash >> filterShift) << 3));
  }
  // Loads without a use would be left out.
  store<u32>(SINK, sum);
}

function insert(entry: u32, weak: u32): void {
  const hash = weak * HASH_FACTOR;
  const entryBits = load<u32>(ENTRY_BITS);
  const entryMask = ((<u32>1) << entryBits) - 1;
  const tag = hash << entryBits;
  const tags = i32x4.splat(tag);
  const mask = i32x4.splat(~entryMask);
  const p = entryAt(entry);
  let bucket = bucketOf(hash);
  for (let probe = 0; probe < PROBE_LIMIT; probe += BUCKET) {
    for (let alike = slotsWith(bucket, tags, mask); alike != 0; alike &= alike - 1) {
      const held = load<u32>(bucket + (ctz<u32>(alike) << 2));
      if (held == <u32>EMPTY) break;
      const other = entryAt(held & entryMask);
      if (load<u32>(other) == load<u32>(p) && isStrong(other, load<u64>(p, 4), load<u64>(p, 12))) return;
    }
    const free = slotsWith(bucket, i32x4.splat(EMPTY), i32x4.splat(-1));
    if (free != 0) {
      store<u32>(bucket + (ctz<u32>(free) << 2), tag | entry);
      return;
    }
    bucket = bucketAfter(bucket);
  }
}

/**
 * Drops positions whose weak sums no entry has from the queue that ends at `last`; returns its new end. What is left is
 * in the cache. Each pass makes loads that do not wait for one another.
 */
export function sift(last: usize): usize {
  const count = load<u32>(COUNT);
  const entryBits = load<u32>(ENTRY_BITS);
  const entryMask = ((<u32>1) << entryBits) - 1;
  const mask = i32x4.splat(~entryMask);
  let kept: usize = QUEUE;
  for (let at: usize = QUEUE; at < last; at += 8) {
    const waiting = load<u64>(at);
    const hash = <u32>(waiting >> 32) * HASH_FACTOR;
    const bucket = bucketOf(hash);
    store<u64>(kept, waiting);
    const isKept = slotsWith(bucket, i32x4.splat(hash << entryBits), mask) != 0;
    kept += (<usize>(<u32>isKept | <u32>isFull(bucket))) << 3;
  }
  let sum: u32 = 0;
  for (let at: usize = QUEUE; at < kept; at += 8) {
    const hash = load<u32>(at, 4) * HASH_FACTOR;
    const bucket = bucketOf(hash);
    const slot = ctz<u32>(slotsWith(bucket, i32x4.splat(hash << entryBits), mask)) & (BUCKET - 1);
    const entry = load<u32>(bucket + (slot << 2)) & entryMask;
    sum += load<u32>(entryAt(entry < count ? entry : 0));
  }
  store<u32>(SINK, sum);
  return kept;
}

/**
 * False when the block at `p` probably has no more than its weak sum in common with an entry: it neither continues
 * the last copy after a gap nor does the block behind it have the next entry's weak sum. Among millions of entries one
 * in a hundred positions has a known weak sum, and to hash them all would take ten times as long as to find them.
 */
function isLikely(p: usize, length: u32, entry: u32): bool {
  if (!load<u32>(DOUBT)) return true;
  if (<u32>p - entry * length == load<u32>(DIAGONAL)) return true;
  // The last block may be short, and at the end of the content there is nothing to look ahead to.
  if (entry + 2 >= load<u32>(COUNT) || p + 2 * length > <usize>load<u32>(END)) return true;
  return weakSum(p + length, length) == weakOf(entry + 1);
}

/** Pays for hashing an unlikely block at `p`, as far as the positions that went by allow. */
function afford(p: usize, length: u32): bool {
  const credit = min<u32>(<u32>p - load<u32>(PAID), MOST_CREDIT * length);
  if (credit < length) return false;
  store<u32>(PAID, <u32>p - credit + length);
  return true;
}

/** The entry with the sums of the block at `p`, or -1. */
export function find(p: usize, weak: u32): i32 {
  const length = load<u32>(BLOCK);
  const hash = weak * HASH_FACTOR;
  const entryBits = load<u32>(ENTRY_BITS);
  const entryMask = ((<u32>1) << entryBits) - 1;
  const tags = i32x4.splat(hash << entryBits);
  const mask = i32x4.splat(~entryMask);
  const stored = bswap<u32>(weak);
  let isHashed = false;
  let bucket = bucketOf(hash);
  for (let probe = 0; probe < PROBE_LIMIT; probe += BUCKET) {
    for (let alike = slotsWith(bucket, tags, mask); alike != 0; alike &= alike - 1) {
      const held = load<u32>(bucket + (ctz<u32>(alike) << 2));
      if (held == <u32>EMPTY) return -1;
      const entry = held & entryMask;
      const other = entryAt(entry);
      if (load<u32>(other) != stored) continue;
      if (!isHashed) {
        if (!isLikely(p, length, entry) && !afford(p, length)) continue;
        md4(p, length);
        isHashed = true;
      }
      if (isStrong(other, load<u64>(DIGEST), load<u64>(DIGEST, 8))) return entry;
    }
    if (!isFull(bucket)) return -1;
    bucket = bucketAfter(bucket);
  }
  return -1;
}
