import { MOST_BYTES, OUTPUT, PAGES, PIECE, WINDOW_BYTES } from './layout.ts';
import { WASM } from './wasm.ts';

// What is used of WebAssembly; Node's type package does not declare it, and without a JIT it is not there.
interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  deflate(before: number, length: number, isLast: number): number;
}

interface WebAssembly {
  validate(binary: Uint8Array): boolean;
  readonly Module: new (binary: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: Exports };
}

/** The deflate encoder in WebAssembly. */
export interface DeflateKernel {
  /** Compiled; threads can share it. */
  readonly module: object;
  /**
   * One piece of a raw deflate stream, of `MOST_BYTES` at most, with the bytes `before` it as dictionary. Depends on
   * nothing else, so that the pieces of a stream may be made in any order and on any thread. The output lies in the
   * kernel's memory until the next call.
   */
  deflate(piece: Uint8Array, before: Uint8Array | undefined, isLast: boolean): Buffer;
}

/** A new kernel, or undefined where SIMD, WebAssembly or the addresses for its memory are missing. */
export function createKernel(): DeflateKernel | undefined {
  const { WebAssembly: wasm } = globalThis as { readonly WebAssembly?: WebAssembly };
  if (wasm === undefined) return undefined;
  const binary = Buffer.from(WASM, 'base64');
  if (!wasm.validate(binary)) return undefined;
  const module = new wasm.Module(binary);
  try {
    return kernelOf(module, new wasm.Instance(module).exports);
  } catch (error) {
    // Each memory reserves 8 GiB of addresses, which a limit (`ulimit -v`) may refuse.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function kernelOf(module: object, exports: Exports): DeflateKernel {
  exports.memory.grow(PAGES - 1);
  const memory = Buffer.from(exports.memory.buffer);
  return {
    module,
    deflate(piece, before, isLast) {
      if (piece.length > MOST_BYTES) throw new RangeError(`a piece of ${piece.length} bytes`);
      const dictionary = before?.subarray(-WINDOW_BYTES);
      if (dictionary !== undefined) memory.set(dictionary, PIECE - dictionary.length);
      memory.set(piece, PIECE);
      const length = exports.deflate(dictionary?.length ?? 0, piece.length, isLast ? 1 : 0);
      return memory.subarray(OUTPUT, OUTPUT + length);
    },
  };
}
