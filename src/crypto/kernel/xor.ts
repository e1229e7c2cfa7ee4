import { type CryptoKernel, cryptoKernel, FIRST, SECOND } from './kernel.ts';

/**
 * `bytes` XOR as many of `mask`, in place where that can be; lengths are multiples of 8, `mask` begins at one. With the
 * kernel twice as fast, although all is copied into its memory and back.
 */
export function xored(bytes: Buffer, mask: Buffer, kernel: CryptoKernel | null | undefined = cryptoKernel()): Buffer {
  return kernel ? inKernel(bytes, mask, kernel) : inScript(bytes, mask);
}

function inKernel(bytes: Buffer, mask: Buffer, { memory, xor }: CryptoKernel): Buffer {
  bytes.copy(memory, FIRST);
  mask.copy(memory, SECOND, 0, bytes.length);
  xor(FIRST, SECOND, bytes.length);
  memory.copy(bytes, 0, FIRST, FIRST + bytes.length);
  return bytes;
}

/** Whole words of 8 bytes: three times as fast as bytes. */
function inScript(bytes: Buffer, mask: Buffer): Buffer {
  const own = bytes.byteOffset % 8 === 0 ? bytes : Buffer.from(new Uint8Array(bytes).buffer);
  const words = own.length / 8;
  const to = new BigUint64Array(own.buffer, own.byteOffset, words);
  const from = new BigUint64Array(mask.buffer, mask.byteOffset, words);
  for (let i = 0; i < words; i++) to[i] = (to[i] ?? 0n) ^ (from[i] ?? 0n);
  return own;
}
