// The shared memory map of a kernel: both twins and their host read these addresses. Compiled by tsc and by asc, so
// only plain integer constants may stand here.

/** Two padded MD4 chunks for each of four lanes. */
export const PADDING = 256;
/** Where the two halves of a digest are put (16 bytes). */
export const DIGEST = 128;
/** A word that is written and never read. @public */
export const SINK = 160;
/** Most positions that are rolled over before any of them is looked up. */
export const LONGEST_STRIDE = 2048;
/** What the filter lets through of a stride, eight bytes each: address, weak sum. @public */
export const QUEUE = 1024;
/** The weak sums of a stride. @public */
export const SUMS = 17_408;
/** First address that is free for data. */
export const DATA = 25_600;

/** Bytes of one entry that `sumBlocks` writes: big-endian weak sum, first 8 bytes of the MD4. */
export const SUM_BYTES = 12;

// Addresses of the 32-bit words that describe a search.

/** The entries as they are stored: big-endian weak sum, `STRONG` bytes of MD4 each. 16 readable bytes follow them. */
export const ENTRIES = 768;
export const COUNT = 772;
export const STRONG = 776;
export const BLOCK = 780;
/** Blocks compared at once when a copy goes on in order; 1 or 4. */
export const GROUP = 784;
/**
 * A hash table of SLOT_COUNT words in buckets of a cache line, which overflow into the next: entry number, above it
 * the low bits of the hash as a tag.
 */
export const SLOTS = 788;
export const SLOT_COUNT = 792;
/** Bits of a slot that hold the entry number; COUNT does not fill them, so that EMPTY is no entry. */
export const ENTRY_BITS = 796;
/** A Bloom filter of 64-bit words: every weak sum has two bits in one word. FILTER_BITS numbers the words. */
export const FILTER = 800;
export const FILTER_BITS = 804;
/** Address of the first byte that is not yet decided. */
export const POSITION = 808;
/** Address after the last byte that has arrived. */
export const END = 812;
/** The search returns when `POSITION` gets here without a match. */
export const LIMIT = 816;
/** Entry that would continue the last copy; COUNT when there is none. */
export const EXPECTED = 820;
/** 1 while WEAK holds the sum of the block at POSITION, which is known not to match. */
export const ROLLING = 824;
export const WEAK = 828;
/** A copy that was found: where its bytes begin, its first entry, its whole blocks, its bytes of the short last block. */
export const COPY_AT = 832;
export const COPY_ENTRY = 836;
export const COPY_BLOCKS = 840;
export const COPY_TAIL = 844;
/** 1 when blocks with a known weak sum are doubted: see `isLikely`. The search then looks a block ahead. */
export const DOUBT = 848;
/** Where the basis would begin if the last copy went on to both sides. Modulo 2^32. */
export const DIAGONAL = 852;
/** The address up to which doubtful blocks have been paid for. Modulo 2^32. */
export const PAID = 856;
/** Positions that are rolled over before any of them is looked up, so that their cache misses overlap. */
export const STRIDE = 860;
/** Blocks a search may save up for. */
export const MOST_CREDIT = 8;

// What `search` answers.

/** All that has arrived is looked at. */
export const HUNGRY = 0;
/** The COPY words are set; the bytes before COPY_AT are literal. */
export const COPY = 1;
/** LIMIT is reached. */
export const LITERAL = 2;

/** Added to every byte by the rolling sum (librsync's ROLLSUM_CHAR_OFFSET, docs/format: signatures). */
export const CHAR_OFFSET = 31;
/** Knuth's multiplicative hash: 2^32 divided by the golden ratio, made odd. Finds slot, tag and filter word. */
export const HASH_FACTOR = 0x9e3779b1;
/** Another odd factor (from MurmurHash3), for the bits within a filter word. */
export const FILTER_FACTOR = 0x85ebca6b;
/** Slots of a bucket: 64 bytes. */
export const BUCKET = 16;
/** An entry that finds no slot within this many is left out: hostile signatures must not cost O(n^2). */
export const PROBE_LIMIT = 1024;
/** A slot that holds no entry. */
export const EMPTY = -1;
