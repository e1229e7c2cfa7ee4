import { LENGTH_COUNTS, NEXT_WORDS, SORTED, WEIGHTS } from './memory';

/**
 * The lengths of an optimal prefix code, none above `longest`, for symbols that come as often as `counts` says: a byte
 * each. At least two symbols get a code, as all readers accept it.
 */
export function codeLengths(counts: usize, symbols: u32, longest: u32, lengths: usize): void {
  memory.fill(lengths, 0, symbols);
  const used = sortSymbols(counts, symbols);
  countLengths(used, longest);
  let at: usize = SORTED;
  for (let length = longest; length > 0; length--) {
    for (let n = load<u32>(LENGTH_COUNTS + (length << 2)); n > 0; n--, at += 4) {
      store<u8>(lengths + (load<u32>(at) & 511), <u8>length);
    }
  }
}

/** Puts count << 9 | symbol of all that come into SORTED, rarest first. */
function sortSymbols(counts: usize, symbols: u32): u32 {
  let used: u32 = 0;
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    const count = load<u32>(counts + (symbol << 2));
    store<u32>(SORTED + (used << 2), (count << 9) | symbol);
    used += u32(count != 0);
  }
  for (let symbol: u32 = 0; used < 2; symbol++) {
    if (load<u32>(counts + (symbol << 2)) != 0) continue;
    store<u32>(SORTED + (used << 2), (1 << 9) | symbol);
    used++;
  }
  for (
    let gap: u32 = used > 64 ? 57 : used > 16 ? 10 : 1;
    gap > 0;
    gap = gap == 57 ? 23 : gap == 23 ? 10 : gap == 10 ? 4 : gap == 4 ? 1 : 0
  ) {
    for (let i = gap; i < used; i++) {
      const key = load<u32>(SORTED + (i << 2));
      let j = i;
      while (j >= gap && load<u32>(SORTED + ((j - gap) << 2)) > key) {
        store<u32>(SORTED + (j << 2), load<u32>(SORTED + ((j - gap) << 2)));
        j -= gap;
      }
      store<u32>(SORTED + (j << 2), key);
    }
  }
  return used;
}

function weight(i: u32): u32 {
  return load<u32>(WEIGHTS + (i << 2));
}

function setWeight(i: u32, value: u32): void {
  store<u32>(WEIGHTS + (i << 2), value);
}

/**
 * How many codes there are of each length. In place as by Moffat and Katajainen: the weights of inner nodes overwrite those
 * of the leaves, then their parents the weights, then their depths the parents.
 */
function countLengths(used: u32, longest: u32): void {
  for (let i: u32 = 0; i < used; i++) setWeight(i, load<u32>(SORTED + (i << 2)) >> 9);
  setWeight(0, weight(0) + weight(1));
  let root: u32 = 0;
  let leaf: u32 = 2;
  for (let next: u32 = 1; next < used - 1; next++) {
    let sum: u32 = 0;
    for (let part = 0; part < 2; part++) {
      if (leaf >= used || (root < next && weight(root) < weight(leaf))) {
        sum += weight(root);
        setWeight(root++, next);
      } else {
        sum += weight(leaf++);
      }
    }
    setWeight(next, sum);
  }
  memory.fill(LENGTH_COUNTS, 0, 64);
  setWeight(used - 2, 0);
  for (let i = <i32>used - 3; i >= 0; i--) setWeight(i, weight(weight(i)) + 1);
  let node = <i32>used - 2;
  let open: u32 = 1;
  for (let depth: u32 = 0; open > 0; depth++) {
    let inner: u32 = 0;
    for (; node >= 0 && weight(node) == depth; node--) inner++;
    const length = LENGTH_COUNTS + (min(depth, longest) << 2);
    store<u32>(length, load<u32>(length) + open - inner);
    open = inner << 1;
  }
  shorten(longest);
}

/** Codes that were too long make the longest ones too many: each step makes room for one, by a shorter one that grows. */
function shorten(longest: u32): void {
  let room: u32 = 0;
  for (let length: u32 = 1; length <= longest; length++) {
    room += load<u32>(LENGTH_COUNTS + (length << 2)) << (longest - length);
  }
  for (; room > (<u32>1) << longest; room--) {
    let at = LENGTH_COUNTS + ((longest - 1) << 2);
    while (load<u32>(at) == 0) at -= 4;
    store<u32>(at, load<u32>(at) - 1);
    store<u32>(at, load<u32>(at, 4) + 2, 4);
    const last = LENGTH_COUNTS + (longest << 2);
    store<u32>(last, load<u32>(last) - 1);
  }
}

/** The codes themselves for their lengths, a half word each. Deflate wants their first bit lowest. */
export function codeWords(lengths: usize, symbols: u32, words: usize): void {
  memory.fill(LENGTH_COUNTS, 0, 64);
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    const at = LENGTH_COUNTS + ((<u32>load<u8>(lengths + symbol)) << 2);
    store<u32>(at, load<u32>(at) + 1);
  }
  store<u32>(LENGTH_COUNTS, 0);
  let next: u32 = 0;
  for (let length: u32 = 1; length < 16; length++) {
    next = (next + load<u32>(LENGTH_COUNTS + ((length - 1) << 2))) << 1;
    store<u32>(NEXT_WORDS + (length << 2), next);
  }
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    const length = <u32>load<u8>(lengths + symbol);
    if (length == 0) continue;
    const at = NEXT_WORDS + (length << 2);
    const word = load<u32>(at);
    store<u32>(at, word + 1);
    store<u16>(words + (symbol << 1), <u16>(reversed(word) >> (16 - length)));
  }
}

/** The 16 bits from the other end. */
function reversed(x: u32): u32 {
  x = ((x >> 1) & 0x5555) | ((x & 0x5555) << 1);
  x = ((x >> 2) & 0x3333) | ((x & 0x3333) << 2);
  x = ((x >> 4) & 0x0f0f) | ((x & 0x0f0f) << 4);
  return ((x >> 8) | (x << 8)) & 0xffff;
}
