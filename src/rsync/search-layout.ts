import { LITERAL_LIMIT } from './commands.ts';
import type { Kernel } from './kernel/kernel.ts';
import {
  BLOCK,
  COUNT,
  DATA,
  ENTRIES,
  ENTRY_BITS,
  EXPECTED,
  FILTER,
  FILTER_BITS,
  GROUP,
  ROLLING,
  SLOTS,
  SLOT_COUNT,
  STRONG,
} from './kernel/layout.ts';

/** Content taken in at once. */
const INTAKE = 262_144;
/** Longer blocks are compared one by one, so that the window stays small. */
const LONGEST_GROUPED = 65_536;
/** Longer blocks are not looked for: the window must hold one. */
const LONGEST_BLOCK = 67_108_864;

/** Two thirds full: short probes in little memory. */
const SLOTS_PER_ENTRY = 1.5;

interface Shape {
  readonly blockLength: number;
  readonly strongLength: number;
  readonly count: number;
}

interface Window {
  /** Addresses in the kernel. */
  readonly window: number;
  readonly windowEnd: number;
  /** False when no block can match. */
  readonly isSearching: boolean;
}

/**
 * Lays out a kernel whose entries lie at DATA: tables, as small as the number of entries allows, then the window the
 * content passes through. Only memory that the tables take is cleared.
 */
export function prepareSearch(kernel: Kernel, { blockLength, strongLength, count }: Shape): Window {
  const isSearching = count > 0 && blockLength <= LONGEST_BLOCK;
  const group = blockLength <= LONGEST_GROUPED ? kernel.lanes : 1;
  const slotCount = Math.ceil(count * SLOTS_PER_ENTRY) + 1;
  const filterBits = filterBitsFor(count);
  // Sixteen bytes of every entry are compared (and masked), whatever the signature keeps.
  const slots = align(DATA + count * (4 + strongLength) + 16);
  const filter = align(slots + 4 * slotCount);
  const window = align(filter + 8 * 2 ** filterBits);
  const windowEnd = window + LITERAL_LIMIT + INTAKE + (isSearching ? group * blockLength + 1 : 0);
  kernel.reserve(windowEnd);
  const words = [
    [ENTRIES, DATA],
    [COUNT, count],
    [STRONG, strongLength],
    [BLOCK, blockLength],
    [GROUP, group],
    [SLOTS, slots],
    [SLOT_COUNT, slotCount],
    [ENTRY_BITS, bitsFor(count + 1)],
    [FILTER, filter],
    [FILTER_BITS, filterBits],
    // The content probably begins like the basis.
    [EXPECTED, 0],
    [ROLLING, 0],
  ] as const;
  for (const [address, value] of words) kernel.memory.writeUInt32LE(value, address);
  if (isSearching) kernel.buildTable();
  return { window, windowEnd, isSearching };
}

/** Filter words for 32 to 64 bits per entry; from 8 MiB on fewer, down to 8 to 16: caches and memory count more then. */
function filterBitsFor(count: number): number {
  const bits = bitsFor(count);
  return Math.max(1, Math.min(bits - 1, 20), bits - 3);
}

/** Bits that number `count` things. */
function bitsFor(count: number): number {
  return count <= 1 ? 0 : 32 - Math.clz32(count - 1);
}

function align(address: number): number {
  return Math.ceil(address / 16) * 16;
}
