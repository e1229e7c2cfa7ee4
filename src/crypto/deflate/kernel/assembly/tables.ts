import { FIXED_DISTANCE_LENGTHS, FIXED_LENGTHS, LENGTH_SYMBOLS, SLOTS } from './memory';

// The numbers of RFC 1951, 3.2.5, computed: a symbol stands for a run of lengths or distances of 2^n, and n grows.

/** Extra bits of the distances of a slot. */
export function slotExtra(slot: u32): u32 {
  return slot < 2 ? 0 : (slot - 2) >> 1;
}

/** Extra bits of the lengths of symbol 257 + `symbol`. */
export function lengthExtra(symbol: u32): u32 {
  return symbol < 4 || symbol == 28 ? 0 : (symbol - 4) >> 2;
}

export function buildTables(): void {
  let length: u32 = 0;
  for (let symbol: u32 = 0; symbol < 28; symbol++) {
    for (let n: u32 = 1 << lengthExtra(symbol); n > 0; n--) store<u8>(LENGTH_SYMBOLS + length++, <u8>symbol);
  }
  // 258 has a symbol to itself.
  store<u8>(LENGTH_SYMBOLS + 255, 28);
  let distance: u32 = 0;
  for (let slot: u32 = 0; slot < 30; slot++) {
    for (let n: u32 = 1 << slotExtra(slot); n > 0; n--, distance++) {
      if (distance < 256) store<u8>(SLOTS + distance, <u8>slot);
      else store<u8>(SLOTS + 256 + (distance >> 7), <u8>slot);
    }
  }
  for (let symbol: u32 = 0; symbol < 288; symbol++) {
    store<u8>(FIXED_LENGTHS + symbol, symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8);
  }
  memory.fill(FIXED_DISTANCE_LENGTHS, 5, 32);
}
