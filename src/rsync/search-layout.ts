import { LITERAL_LIMIT } from './commands.ts';
import { STRONG_BYTES } from './signature.ts';
import { SCRATCH_BYTES } from './window-sums.ts';
import type { Kernel } from './kernel/kernel.ts';
import {
  BLOCK,
  BUCKET,
  COUNT,
  DATA,
  DIAGONAL,
  DOUBT,
  ENTRIES,
  ENTRY_BITS,
  EXPECTED,
  FILTER,
  FILTER_BITS,
  GROUP,
  LONGEST_STRIDE,
  PAID,
  ROLLING,
  SLOTS,
  SLOT_COUNT,
  STRIDE,
  STRONG,
} from './kernel/layout.ts';

/** Content taken in at once. */
const INTAKE = 262_144;
/** Longer blocks are compared one by one, so that the window stays small. */
const LONGEST_GROUPED = 65_536;
/** Longer blocks are not looked for: the window must hold one. */
const LONGEST_BLOCK = 67_108_864;

/**
 * From so many entries on (512 MB in blocks of 2048) blocks are doubted. Below, what is hashed for nothing costs less
 * than the search itself.
 */
const MANY = 262_144;

/** Fewer positions are rolled over for nothing where a match comes sooner than something that looks like one. */
const SHORT_STRIDE = 256;

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
  /** True when the new signature is made here as well: then SCRATCH_BYTES are free behind the window. */
  readonly isSigning: boolean;
}

/**
 * Lays out a kernel whose entries lie at DATA: tables, as small as the number of entries allows, then the window the
 * content passes through. Only memory that the tables take is cleared.
 */
export function prepareSearch(
  kernel: Kernel,
  { blockLength, strongLength, count }: Shape,
  newBlockLength: number | undefined,
): Window {
  const isSearching = count > 0 && blockLength <= LONGEST_BLOCK;
  const group = blockLength <= LONGEST_GROUPED ? kernel.lanes : 1;
  const slotCount = BUCKET * (Math.floor((count * SLOTS_PER_ENTRY) / BUCKET) + 1);
  const filterBits = filterBitsFor(count);
  // Sixteen bytes of every entry are compared (and masked), whatever the signature keeps.
  const slots = align(DATA + count * (4 + strongLength) + 16);
  const filter = align(slots + 4 * slotCount);
  const window = align(filter + 8 * 2 ** filterBits);
  const isDoubting = count >= MANY;
  const ahead = Math.max(group, isDoubting ? 2 : 1) * blockLength + 1;
  const isSigning =
    isSearching && newBlockLength === blockLength && strongLength === STRONG_BYTES && blockLength <= LONGEST_GROUPED;
  // A block that is not decided as a whole stays to be hashed.
  const behind = isSigning ? blockLength : 0;
  const windowEnd = window + LITERAL_LIMIT + INTAKE + (isSearching ? ahead : 0) + behind;
  kernel.reserve(windowEnd + (isSigning ? SCRATCH_BYTES : 0));
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
    [DOUBT, isDoubting ? 1 : 0],
    [STRIDE, isDoubting ? LONGEST_STRIDE : SHORT_STRIDE],
    [DIAGONAL, window],
    [PAID, window],
  ] as const;
  for (const [address, value] of words) kernel.memory.writeUInt32LE(value, address);
  if (isSearching) kernel.buildTable();
  return { window, windowEnd, isSearching, isSigning };
}

/**
 * Filter words for 32 to 64 bits per entry; from 4 MiB on fewer, down to 4 to 8. A look beyond the caches takes three
 * times as long as one into 4 MiB (6.4 against 2.0 ns, many at once): more than the table costs now and then.
 */
function filterBitsFor(count: number): number {
  const bits = bitsFor(count);
  return Math.max(1, Math.min(bits - 1, 19), bits - 4);
}

/** Bits that number `count` things. */
function bitsFor(count: number): number {
  return count <= 1 ? 0 : 32 - Math.clz32(count - 1);
}

/** To the beginning of a cache line. */
function align(address: number): number {
  return Math.ceil(address / 64) * 64;
}
