import { DIGEST, SUM_BYTES } from '../layout';
import { md4 } from './md4';
import { firstPair, md4x4, secondPair } from './md4x4';
import { weakSum } from './rollsum';

/** Writes the entry of the one block at `data` to `out`. */
function sumBlock(data: usize, length: u32, out: usize): void {
  md4(data, length);
  store<u32>(out, bswap<u32>(weakSum(data, length)));
  store<u64>(out, load<u64>(DIGEST), 4);
}

/** Writes the entries of `count` adjacent blocks of `length` bytes to `out`. */
export function sumBlocks(data: usize, count: u32, length: u32, out: usize): void {
  for (; count >= 4; count -= 4) {
    md4x4(data, length);
    const pair = firstPair();
    const next = secondPair();
    store<u64>(out, i64x2.extract_lane(pair, 0), 4);
    store<u64>(out, i64x2.extract_lane(pair, 1), 16);
    store<u64>(out, i64x2.extract_lane(next, 0), 28);
    store<u64>(out, i64x2.extract_lane(next, 1), 40);
    for (let lane = 0; lane < 4; lane++) {
      store<u32>(out, bswap<u32>(weakSum(data, length)));
      out += SUM_BYTES;
      data += length;
    }
  }
  for (; count > 0; count--) {
    sumBlock(data, length, out);
    out += SUM_BYTES;
    data += length;
  }
}
