import { OUTPUT } from '../layout';

// Where the output goes on: whole bytes are stored at `out`, less than eight bits wait.
export let out: usize = OUTPUT;
export let held: u64 = 0;
export let heldCount: u32 = 0;

export function beginOutput(): void {
  out = OUTPUT;
  held = 0;
  heldCount = 0;
}

/** Goes on behind what was written elsewhere. */
export function continueOutput(at: usize, bits: u64, count: u32): void {
  out = at;
  held = bits;
  heldCount = count;
}

/** Writes the lowest `count` bits, at most 32 and no others set. */
export function put(bits: u32, count: u32): void {
  held |= (<u64>bits) << heldCount;
  heldCount += count;
  store<u64>(out, held);
  out += heldCount >> 3;
  held >>= heldCount & 56;
  heldCount &= 7;
}

/** Fills the last byte. */
export function align(): void {
  put(0, (8 - heldCount) & 7);
}
