import { PAGE, unlessRefused, wasmInstances, type WasmMemory } from '../../util/wasm-simd.ts';
import { WASM } from './wasm.ts';

/** What of a file's encoding is done in WebAssembly, on bytes that lie in its memory. */
export interface CryptoKernel {
  /** At least two blocks of `MOST_BYTES`. */
  readonly memory: Buffer;
  readonly adler32: (at: number, length: number, sum: number) => number;
  /** Bytes at `to` XOR those at `from`, in place; up to 63 bytes behind both may be touched. */
  readonly xor: (to: number, from: number, length: number) => void;
}

interface Exports extends Omit<CryptoKernel, 'memory'> {
  readonly memory: WasmMemory;
}

/** The most bytes of a call. */
export const MOST_BYTES = 320 * 1024;
const MARGIN = 64;
/** Where two blocks may lie; the compiler has its constants below. */
export const FIRST = PAGE;
export const SECOND = FIRST + MOST_BYTES + 2 * MARGIN;

let made: { readonly kernel: CryptoKernel | undefined } | undefined;

/**
 * The one of this process, made on first use: it keeps nothing between calls. Undefined where there is no WebAssembly with
 * SIMD, or no room for it.
 */
export function cryptoKernel(): CryptoKernel | undefined {
  made ??= { kernel: unlessRefused(makeKernel) };
  return made.kernel;
}

function makeKernel(): CryptoKernel | undefined {
  const create = wasmInstances(WASM);
  if (create === undefined) return undefined;
  const { memory, adler32, xor } = create() as Exports;
  memory.grow(Math.ceil((SECOND + MOST_BYTES + MARGIN - memory.buffer.byteLength) / PAGE));
  return { memory: Buffer.from(memory.buffer), adler32: (at, length, sum) => adler32(at, length, sum) >>> 0, xor };
}
