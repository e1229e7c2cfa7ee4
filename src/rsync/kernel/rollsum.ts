import { CHAR_OFFSET } from './layout.ts';

/** The rolling sum of the bytes from `from` to `to`: `s2 << 16 | s1`, unsigned. */
export function weakSum(memory: Uint8Array, from: number, to: number): number {
  let s1 = 0;
  let s2 = 0;
  for (let p = from; p < to; p++) {
    s1 = (s1 + (memory[p] ?? 0) + CHAR_OFFSET) | 0;
    s2 = (s2 + s1) | 0;
  }
  return ((s2 << 16) | (s1 & 0xffff)) >>> 0;
}
