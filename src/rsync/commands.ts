import type { Pieces } from './pieces.ts';

// Op-codes of a delta. Source: docs/format, deltas.
export const DELTA_MAGIC = 0x72730236;
export const OP_END = 0x00;
/** Literals up to this length have it as their op-code. */
export const OP_LITERAL_MAX = 0x40;
/** First of four: literal with its length in 1, 2, 4 or 8 bytes. */
export const OP_LITERAL = 0x41;
/** First of sixteen: copy, four widths of the position times four of the length. */
export const OP_COPY = 0x45;
export const OP_COPY_LAST = 0x54;

/** Longest literal of ours: what a two-byte length can say. */
export const LITERAL_LIMIT = 0xffff;

/** At most LITERAL_LIMIT bytes of `source`, from `from` to `to`. */
export function writeLiteral(out: Pieces, source: Buffer, from: number, to: number): void {
  const length = to - from;
  if (length <= OP_LITERAL_MAX) {
    out.byte(length);
  } else {
    const size = widthCode(length);
    out.byte(OP_LITERAL + size);
    out.integer(length, 2 ** size);
  }
  out.bytes(source, from, to);
}

export function writeCopy(out: Pieces, position: number, length: number): void {
  const p = widthCode(position);
  const l = widthCode(length);
  out.byte(OP_COPY + 4 * p + l);
  out.integer(position, 2 ** p);
  out.integer(length, 2 ** l);
}

/** Binary logarithm of the fewest bytes (1, 2, 4, 8) that hold `value`. */
function widthCode(value: number): number {
  if (value <= 0xff) return 0;
  if (value <= 0xffff) return 1;
  return value <= 0xffff_ffff ? 2 : 3;
}
