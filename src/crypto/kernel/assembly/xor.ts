/** Bytes at `to` XOR those at `from`, in place. Up to 63 bytes behind each are read and those behind `to` written. */
export function xor(to: usize, from: usize, bytes: u32): void {
  const end = to + bytes;
  for (; to < end; to += 64, from += 64) {
    v128.store(to, v128.xor(v128.load(to), v128.load(from)));
    v128.store(to, v128.xor(v128.load(to, 16), v128.load(from, 16)), 16);
    v128.store(to, v128.xor(v128.load(to, 32), v128.load(from, 32)), 32);
    v128.store(to, v128.xor(v128.load(to, 48), v128.load(from, 48)), 48);
  }
}
