// Where the kernel keeps its tables. All that the matcher may read too far back, 65,535 bytes before the window, lies in
// its memory.

/** Bytes after the piece that are read and do not matter. */
export const GUARD_BYTES = 32;

/** Tokens of a block by their low nine bits: a byte, or 256 + length - 3. 512 words. */
export const FREQUENCIES = 16_384;
/** Matches of a block by the slot of their distance. 32 words. */
export const SLOT_FREQUENCIES = 18_432;
/** Tokens in each class when they were last looked at. 10 words. */
export const CLASSES = 18_560;
/** What is written for the low nine bits of a token: code with the extra bits of a length, above them their number << 24. */
export const CODES = 18_688;
/** The same for a slot: code, its bits << 16, all bits << 24, mask of the extra ones << 32. The last one writes nothing. */
export const SLOT_CODES = 20_736;
/** The slot of distance - 1: below 256 by itself, from there on by its 128th part. 512 bytes. */
export const SLOTS = 20_992;
/** Symbol - 257 of length - 3. 256 bytes. */
export const LENGTH_SYMBOLS = 21_504;
/** How often a block needs each symbol: 286 words, 30 for distances, 19 for code lengths. */
export const LITERAL_COUNTS = 21_760;
export const DISTANCE_COUNTS = 22_912;
export const PRECODE_COUNTS = 23_040;
/** Lengths of the codes, a byte for each symbol; those of distances follow those of literals without a gap when they are written. */
export const LITERAL_LENGTHS = 23_168;
export const DISTANCE_LENGTHS = 23_488;
export const PRECODE_LENGTHS = 23_552;
export const FIXED_LENGTHS = 23_616;
export const FIXED_DISTANCE_LENGTHS = 23_936;
export const ALL_LENGTHS = 24_000;
/** The codes, a half word for each symbol, with their first bit lowest. */
export const LITERAL_WORDS = 24_384;
export const DISTANCE_WORDS = 25_024;
export const PRECODE_WORDS = 25_088;
/** Code lengths as they are written: symbol, extra bits << 8. 320 half words. */
export const RUNS = 25_152;
/** Room for making a code: sorted symbols, weights, lengths. */
export const SORTED = 25_856;
export const WEIGHTS = 27_008;
export const LENGTH_COUNTS = 28_160;
export const NEXT_WORDS = 28_288;

/** 2^14 buckets of four positions, the newest lowest. */
export const BUCKETS = 65_536;
export const BUCKETS_BYTES = 131_072;
/** The tokens of a block. */
export const TOKENS = 196_608;
