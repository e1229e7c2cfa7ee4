import {
  CODES,
  DISTANCE_COUNTS,
  DISTANCE_LENGTHS,
  DISTANCE_WORDS,
  FIXED_DISTANCE_LENGTHS,
  FIXED_LENGTHS,
  FREQUENCIES,
  LENGTH_SYMBOLS,
  LITERAL_COUNTS,
  LITERAL_LENGTHS,
  LITERAL_WORDS,
  SLOT_CODES,
  SLOT_FREQUENCIES,
  TOKENS,
} from './memory';
import { align, continueOutput, held, heldCount, out, put } from './bits';
import { prepareHeader, writeHeader } from './header';
import { codeLengths, codeWords } from './huffman';
import { lengthExtra, slotExtra } from './tables';

const LITERALS: u32 = 286;
const DISTANCES: u32 = 30;
const END_OF_BLOCK: u32 = 256;
/** With the extra bits of both, 48 bits are the most a token takes. */
const LONGEST: u32 = 15;
const STORED_BYTES: u32 = 65_535;

const STORED: u32 = 0;
const FIXED: u32 = 1;
const DYNAMIC: u32 = 2;

/** Writes the tokens up to `end`, which stand for the `length` bytes at `from`, in the form that takes the fewest bits. */
export function writeBlock(end: usize, from: usize, length: u32, isFinal: u32): void {
  const extra = countSymbols();
  codeLengths(LITERAL_COUNTS, LITERALS, LONGEST, LITERAL_LENGTHS);
  codeLengths(DISTANCE_COUNTS, DISTANCES, LONGEST, DISTANCE_LENGTHS);
  const dynamic = extra + prepareHeader() + bitsOf(LITERAL_LENGTHS, DISTANCE_LENGTHS);
  const fixed = extra + bitsOf(FIXED_LENGTHS, FIXED_DISTANCE_LENGTHS);
  const blocks = (length + STORED_BYTES - 1) / STORED_BYTES;
  const stored: u32 = 8 * length + 40 * blocks;
  if (length > 0 && stored <= min<u32>(dynamic, fixed)) {
    writeStored(from, length, isFinal);
  } else if (fixed <= dynamic) {
    put(isFinal | (FIXED << 1), 3);
    writeTokens(end, FIXED_LENGTHS, FIXED_DISTANCE_LENGTHS);
  } else {
    put(isFinal | (DYNAMIC << 1), 3);
    writeHeader();
    writeTokens(end, LITERAL_LENGTHS, DISTANCE_LENGTHS);
  }
}

/** After it the output is on a byte boundary. */
export function writeSync(): void {
  put(STORED, 3);
  align();
  put(0xffff0000, 32);
}

/** From how often tokens come to how often symbols do; answers how many extra bits they have in all. */
function countSymbols(): u32 {
  memory.copy(LITERAL_COUNTS, FREQUENCIES, 1024);
  memory.fill(LITERAL_COUNTS + 1024, 0, (LITERALS - 256) << 2);
  store<u32>(LITERAL_COUNTS + (END_OF_BLOCK << 2), 1);
  let extra: u32 = 0;
  for (let i: u32 = 0; i < 256; i++) {
    const count = load<u32>(FREQUENCIES + 1024 + (i << 2));
    const symbol = <u32>load<u8>(LENGTH_SYMBOLS + i);
    const at = LITERAL_COUNTS + ((257 + symbol) << 2);
    store<u32>(at, load<u32>(at) + count);
    extra += count * lengthExtra(symbol);
  }
  memory.copy(DISTANCE_COUNTS, SLOT_FREQUENCIES, DISTANCES << 2);
  for (let slot: u32 = 0; slot < DISTANCES; slot++) {
    extra += load<u32>(DISTANCE_COUNTS + (slot << 2)) * slotExtra(slot);
  }
  return extra;
}

function bitsOf(literals: usize, distances: usize): u32 {
  let bits: u32 = 0;
  for (let symbol: u32 = 0; symbol < LITERALS; symbol++) {
    bits += load<u32>(LITERAL_COUNTS + (symbol << 2)) * <u32>load<u8>(literals + symbol);
  }
  for (let slot: u32 = 0; slot < DISTANCES; slot++) {
    bits += load<u32>(DISTANCE_COUNTS + (slot << 2)) * <u32>load<u8>(distances + slot);
  }
  return bits;
}

function writeStored(from: usize, length: u32, isFinal: u32): void {
  while (length > 0) {
    const count = min(length, STORED_BYTES);
    length -= count;
    put(length == 0 ? isFinal : 0, 3);
    align();
    put(count | ((count ^ 0xffff) << 16), 32);
    memory.copy(out, from, count);
    continueOutput(out + count, 0, 0);
    from += count;
  }
}

function writeTokens(end: usize, literals: usize, distances: usize): void {
  prepareCodes(literals, distances);
  let at = out;
  let bits = held;
  let count = heldCount;
  for (let token: usize = TOKENS; token < end; token += 4) {
    const word = load<u32>(token);
    const code = load<u32>((word & 511) << 2, CODES);
    const slot = load<u64>((word >> 6) & 0xf8, SLOT_CODES);
    bits |= (<u64>(code & 0xffffff)) << count;
    count += code >> 24;
    bits |= ((slot & 0xffff) | ((<u64>(word >> 14) & (slot >> 32)) << ((slot >> 16) & 0xff))) << count;
    count += <u32>(slot >> 24) & 0xff;
    store<u64>(at, bits);
    at += count >> 3;
    bits >>= count & 56;
    count &= 7;
  }
  continueOutput(at, bits, count);
  put(load<u16>(LITERAL_WORDS + (END_OF_BLOCK << 1)), load<u8>(literals + END_OF_BLOCK));
}

/** Code and extra bits of every token in one word each. */
function prepareCodes(literals: usize, distances: usize): void {
  codeWords(literals, literals == FIXED_LENGTHS ? 288 : LITERALS, LITERAL_WORDS);
  codeWords(distances, DISTANCES, DISTANCE_WORDS);
  for (let i: u32 = 0; i < 256; i++) {
    store<u32>(CODES + (i << 2), load<u16>(LITERAL_WORDS + (i << 1)) | ((<u32>load<u8>(literals + i)) << 24));
  }
  for (let i: u32 = 0, first: u32 = 0, before: u32 = 0; i < 256; i++) {
    const symbol = <u32>load<u8>(LENGTH_SYMBOLS + i);
    if (symbol != before) first = i;
    before = symbol;
    const bits = <u32>load<u8>(literals + 257 + symbol);
    const word = load<u16>(LITERAL_WORDS + ((257 + symbol) << 1)) | ((i - first) << bits);
    store<u32>(CODES + 1024 + (i << 2), word | ((bits + lengthExtra(symbol)) << 24));
  }
  for (let slot: u32 = 0; slot < DISTANCES; slot++) {
    const bits = <u32>load<u8>(distances + slot);
    const extra = slotExtra(slot);
    const low = load<u16>(DISTANCE_WORDS + (slot << 1)) | (bits << 16) | ((bits + extra) << 24);
    store<u64>(SLOT_CODES + (slot << 3), <u64>low | ((<u64>((1 << extra) - 1)) << 32));
  }
}
