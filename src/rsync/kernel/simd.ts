import type { Kernel } from './kernel.ts';
import { WASM } from './wasm.ts';

// What is used of WebAssembly; Node's type package does not declare it, and without a JIT it is not there.
interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

interface Exports {
  readonly memory: Memory;
  sumBlocks(data: number, count: number, length: number, out: number): void;
  buildTable(): void;
  search(isFinal: number): number;
}

interface WebAssembly {
  validate(binary: Uint8Array): boolean;
  readonly Module: new (binary: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: Exports };
}

const PAGE = 65_536;

/** A maker of WebAssembly kernels, or undefined where SIMD or WebAssembly is missing. Compiles at once. */
export function simdKernels(): (() => Kernel) | undefined {
  const { WebAssembly: wasm } = globalThis as { readonly WebAssembly?: WebAssembly };
  if (wasm === undefined) return undefined;
  const binary = Buffer.from(WASM, 'base64');
  if (!wasm.validate(binary)) return undefined;
  const module = new wasm.Module(binary);
  return () => new SimdKernel(new wasm.Instance(module).exports);
}

class SimdKernel implements Kernel {
  readonly lanes = 4;
  readonly #exports: Exports;
  memory: Buffer;

  constructor(exports: Exports) {
    this.#exports = exports;
    this.memory = Buffer.from(exports.memory.buffer);
  }

  reserve(bytes: number): void {
    const missing = bytes - this.memory.length;
    if (missing <= 0) return;
    // Pages that are not touched cost nothing, growing costs a system call: a quarter more each time.
    const { memory } = this.#exports;
    memory.grow(Math.ceil(Math.max(missing, this.memory.length / 4) / PAGE));
    this.memory = Buffer.from(memory.buffer);
  }

  sumBlocks(data: number, count: number, length: number, out: number): void {
    this.#exports.sumBlocks(data, count, length, out);
  }

  buildTable(): void {
    this.#exports.buildTable();
  }

  search(isFinal: boolean): number {
    return this.#exports.search(isFinal ? 1 : 0);
  }
}
