// What the deflate kernel and its host agree on. Compiled by tsc and by asc, so only plain integer constants may stand here.

/** How far back deflate looks. */
export const WINDOW_BYTES = 32_768;
/** The most bytes that one call takes. */
export const MOST_BYTES = 524_288;

// Addresses in the memory of the kernel.

/** Where the piece begins, and the window ends. */
export const PIECE = 360_448;
/** What came of it; a piece that cannot be compressed becomes a little longer. */
export const OUTPUT = 917_504;
/** Pages of 64 KiB that this takes in all; the module begins with one. */
export const PAGES = 24;
