import {
  ALL_LENGTHS,
  DISTANCE_LENGTHS,
  LITERAL_LENGTHS,
  PRECODE_COUNTS,
  PRECODE_LENGTHS,
  PRECODE_WORDS,
  RUNS,
} from './memory';
import { put } from './bits';
import { codeLengths, codeWords } from './huffman';

const PRECODES: u32 = 19;

/** Where the length of the code for `i` stands in the header: 16 17 18 0 8 7 9 6 10 5 11 4 12 3 13 2 14 1 15. */
function precodeAt(i: u32): u32 {
  if (i < 3) return 16 + i;
  if (i == 3) return 0;
  return i & 1 ? 8 - ((i - 3) >> 1) : 8 + ((i - 4) >> 1);
}

let literals: u32 = 0;
let distances: u32 = 0;
let precodes: u32 = 0;
let runsEnd: usize = RUNS;

/** Prepares the lengths of both codes as they are written before a block, and answers how many bits they take. */
export function prepareHeader(): u32 {
  literals = 286;
  while (literals > 257 && load<u8>(LITERAL_LENGTHS + literals - 1) == 0) literals--;
  distances = 30;
  while (distances > 1 && load<u8>(DISTANCE_LENGTHS + distances - 1) == 0) distances--;
  memory.copy(ALL_LENGTHS, LITERAL_LENGTHS, literals);
  memory.copy(ALL_LENGTHS + literals, DISTANCE_LENGTHS, distances);
  memory.fill(PRECODE_COUNTS, 0, PRECODES << 2);
  runsEnd = RUNS;
  findRuns(ALL_LENGTHS, ALL_LENGTHS + literals + distances);
  codeLengths(PRECODE_COUNTS, PRECODES, 7, PRECODE_LENGTHS);
  codeWords(PRECODE_LENGTHS, PRECODES, PRECODE_WORDS);
  precodes = PRECODES;
  while (precodes > 4 && load<u8>(PRECODE_LENGTHS + precodeAt(precodes - 1)) == 0) precodes--;
  let bits = 14 + 3 * precodes;
  for (let symbol: u32 = 0; symbol < PRECODES; symbol++) {
    const extra: u32 = symbol < 16 ? 0 : extraBits(symbol);
    bits += load<u32>(PRECODE_COUNTS + (symbol << 2)) * (load<u8>(PRECODE_LENGTHS + symbol) + extra);
  }
  return bits;
}

function extraBits(symbol: u32): u32 {
  return symbol == 16 ? 2 : symbol == 17 ? 3 : 7;
}

function addRun(symbol: u32, extra: u32): void {
  store<u16>(runsEnd, <u16>(symbol | (extra << 8)));
  runsEnd += 2;
  const at = PRECODE_COUNTS + (symbol << 2);
  store<u32>(at, load<u32>(at) + 1);
}

function findRuns(at: usize, end: usize): void {
  while (at < end) {
    const length = <u32>load<u8>(at);
    let count: u32 = 1;
    while (at + count < end && load<u8>(at + count) == length) count++;
    at += count;
    if (length == 0) {
      for (; count >= 11; count -= min(count, 138)) addRun(18, min(count, 138) - 11);
      if (count >= 3) {
        addRun(17, count - 3);
        count = 0;
      }
    } else if (count >= 4) {
      addRun(length, 0);
      count--;
      for (; count >= 3; count -= min(count, 6)) addRun(16, min(count, 6) - 3);
    }
    for (; count > 0; count--) addRun(length, 0);
  }
}

export function writeHeader(): void {
  put((literals - 257) | ((distances - 1) << 5) | ((precodes - 4) << 10), 14);
  for (let i: u32 = 0; i < precodes; i++) put(load<u8>(PRECODE_LENGTHS + precodeAt(i)), 3);
  for (let at: usize = RUNS; at < runsEnd; at += 2) {
    const symbol = <u32>load<u8>(at);
    put(load<u16>(PRECODE_WORDS + (symbol << 1)), load<u8>(PRECODE_LENGTHS + symbol));
    if (symbol >= 16) put(load<u8>(at, 1), extraBits(symbol));
  }
}
