import { PAGE, wasmInstances, type WasmMemory } from '../../util/wasm-simd.ts';
import type { Kernel } from './kernel.ts';
import { WASM } from './wasm.ts';

interface Exports {
  readonly memory: WasmMemory;
  sumBlocks(data: number, count: number, length: number, out: number): void;
  buildTable(): void;
  search(isFinal: number): number;
}

/** A maker of WebAssembly kernels, or undefined where SIMD or WebAssembly is missing. Compiles at once. */
export function simdKernels(): (() => Kernel) | undefined {
  const create = wasmInstances(WASM);
  return create && (() => new SimdKernel(create() as Exports));
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
