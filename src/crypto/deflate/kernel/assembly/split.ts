import { CLASSES, FREQUENCIES } from './memory';

/** Tokens between two looks. */
export const STRIDE: u32 = 512;

let seen: u32 = 0;

export function beginBlock(): void {
  memory.fill(CLASSES, 0, 40);
  seen = 0;
}

function sums(from: usize): v128 {
  let all = v128.load(from);
  for (let at = from + 16; at < from + 256; at += 16) all = i32x4.add(all, v128.load(at));
  return i32x4.add(all, v128.shuffle<u32>(all, all, 2, 3, 0, 1));
}

/**
 * Whether the block should end after its `count` tokens, which stand for `length` bytes: the latest of them are of other
 * classes than those before. This is libdeflate's test: bytes by their two highest and their lowest bits, matches by
 * whether they are short. Classes are summed from the frequencies here instead of being counted with every token.
 */
export function endsHere(count: u32, length: u32): bool {
  const fresh = count - seen;
  let difference: u32 = 0;
  let literals: u32 = 0;
  for (let quarter: i32 = 0; quarter < 4; quarter++) {
    const both = sums(FREQUENCIES + (quarter << 8));
    const even = <u32>i32x4.extract_lane(both, 0);
    const odd = <u32>i32x4.extract_lane(both, 1);
    literals += even + odd;
    difference += distance(CLASSES + (quarter << 3), even, fresh) + distance(CLASSES + 4 + (quarter << 3), odd, fresh);
  }
  let short: u32 = 0;
  for (let length: i32 = 0; length < 6; length++) short += load<u32>(FREQUENCIES + 1024 + (length << 2));
  difference += distance(CLASSES + 32, short, fresh) + distance(CLASSES + 36, count - literals - short, fresh);
  const limit = ((fresh * 200) / STRIDE) * seen;
  const ends = seen > 0 && difference + (length >> 12) * seen >= limit;
  seen = count;
  return ends;
}

/** How far the new ones of a class are from what the old ones let expect, both scaled up. */
function distance(at: usize, now: u32, fresh: u32): u32 {
  const old = load<u32>(at);
  store<u32>(at, now);
  const expected = old * fresh;
  const actual = (now - old) * seen;
  return expected > actual ? expected - actual : actual - expected;
}
