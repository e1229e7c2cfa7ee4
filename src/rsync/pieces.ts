const PIECE = 65_536;
const FIRST = 256;

/**
 * Collects bytes into buffers of 64 KiB, which belong to whoever takes them. Begins small, so that the delta of an
 * unchanged file costs no large allocation.
 */
export class Pieces {
  #full: Buffer[] = [];
  #piece = Buffer.allocUnsafe(FIRST);
  #at = 0;

  byte(value: number): void {
    this.#room(1);
    this.#piece[this.#at] = value;
    this.#at += 1;
  }

  /** `value`, big-endian, in `width` bytes: 1, 2, 4 or 8. */
  integer(value: number, width: number): void {
    if (width === 8) {
      this.integer(Math.floor(value / 0x1_0000_0000), 4);
      this.integer(value % 0x1_0000_0000, 4);
      return;
    }
    for (let shift = 8 * width - 8; shift >= 0; shift -= 8) this.byte((value >>> shift) & 0xff);
  }

  bytes(source: Buffer, from: number, to: number): void {
    for (let at = from; at < to;) {
      this.#room(to - at);
      const copied = source.copy(this.#piece, this.#at, at, to);
      this.#at += copied;
      at += copied;
    }
  }

  /** The pieces that are complete. */
  takeFull(): Buffer[] {
    const full = this.#full;
    if (full.length > 0) this.#full = [];
    return full;
  }

  /** All that is left; nothing may follow. */
  takeRest(): Buffer[] {
    const rest = this.takeFull();
    if (this.#at > 0) rest.push(this.#piece.subarray(0, this.#at));
    return rest;
  }

  /** Makes room for at least one byte, and for `wanted` where a piece can hold them. */
  #room(wanted: number): void {
    const { length } = this.#piece;
    if (this.#at + wanted <= length) return;
    if (length < PIECE) {
      const larger = Buffer.allocUnsafeSlow(Math.min(PIECE, Math.max(4 * length, this.#at + wanted)));
      this.#piece.copy(larger, 0, 0, this.#at);
      this.#piece = larger;
    }
    if (this.#at < this.#piece.length) return;
    this.#full.push(this.#piece);
    this.#piece = Buffer.allocUnsafeSlow(PIECE);
    this.#at = 0;
  }
}
