import {
  COUNT,
  DIGEST,
  EMPTY,
  ENTRIES,
  ENTRY_BITS,
  FILTER,
  FILTER_BITS,
  FILTER_FACTOR,
  HASH_FACTOR,
  PROBE_LIMIT,
  SLOTS,
  SLOT_COUNT,
  STRONG,
} from '../layout';
import { md4 } from './md4';

// Masks over the two halves of a digest: what of it an entry holds.
let firstMask: u64 = 0;
let restMask: u64 = 0;

export function entryAt(entry: u32): usize {
  return load<u32>(ENTRIES) + entry * (4 + load<u32>(STRONG));
}

/** True when the entry at `p` holds this strong sum. */
export function isStrong(p: usize, first: u64, rest: u64): bool {
  return (((load<u64>(p, 4) ^ first) & firstMask) | ((load<u64>(p, 12) ^ rest) & restMask)) == 0;
}

/** The first slot to look at for a hash. */
function firstSlot(hash: u32, slots: u32): u32 {
  return <u32>((u64(hash) * u64(slots)) >> 32);
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
  for (let entry: u32 = 0; entry < count; entry++) {
    const weak = bswap<u32>(load<u32>(entryAt(entry)));
    const word = filter + (((weak * HASH_FACTOR) >> filterShift) << 3);
    store<u64>(word, load<u64>(word) | filterMask(weak));
    insert(entry, weak);
  }
}

function insert(entry: u32, weak: u32): void {
  const hash = weak * HASH_FACTOR;
  const slots: usize = load<u32>(SLOTS);
  const slotCount = load<u32>(SLOT_COUNT);
  const entryBits = load<u32>(ENTRY_BITS);
  const entryMask = ((<u32>1) << entryBits) - 1;
  const tag = hash << entryBits;
  const p = entryAt(entry);
  let slot = firstSlot(hash, slotCount);
  for (let probe = 0; probe < PROBE_LIMIT; probe++) {
    const held = load<u32>(slots + (slot << 2));
    if (held == <u32>EMPTY) {
      store<u32>(slots + (slot << 2), tag | entry);
      return;
    }
    if ((held & ~entryMask) == tag) {
      const other = entryAt(held & entryMask);
      if (load<u32>(other) == load<u32>(p) && isStrong(other, load<u64>(p, 4), load<u64>(p, 12))) return;
    }
    slot++;
    if (slot == slotCount) slot = 0;
  }
}

/** The entry with the sums of the block at `p`, or -1. */
export function find(p: usize, length: u32, weak: u32): i32 {
  const hash = weak * HASH_FACTOR;
  const slots: usize = load<u32>(SLOTS);
  const slotCount = load<u32>(SLOT_COUNT);
  const entryBits = load<u32>(ENTRY_BITS);
  const entryMask = ((<u32>1) << entryBits) - 1;
  const tag = hash << entryBits;
  const stored = bswap<u32>(weak);
  let isHashed = false;
  let slot = firstSlot(hash, slotCount);
  for (let probe = 0; probe < PROBE_LIMIT; probe++) {
    const held = load<u32>(slots + (slot << 2));
    if (held == <u32>EMPTY) return -1;
    if ((held & ~entryMask) == tag) {
      const entry = held & entryMask;
      const other = entryAt(entry);
      if (load<u32>(other) == stored) {
        if (!isHashed) md4(p, length);
        isHashed = true;
        if (isStrong(other, load<u64>(DIGEST), load<u64>(DIGEST, 8))) return entry;
      }
    }
    slot++;
    if (slot == slotCount) slot = 0;
  }
  return -1;
}
