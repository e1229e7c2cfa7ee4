// What is used of WebAssembly; Node's type package does not declare it, and without a JIT it is not there.

export interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

interface WebAssembly {
  validate(binary: Uint8Array): boolean;
  readonly Module: new (binary: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: object };
}

/** Bytes by which a memory grows. */
export const PAGE = 65_536;

/** Makes instances of a module in base64, compiled at once, and answers what they export. Undefined where SIMD or WebAssembly is missing. */
export function wasmInstances(base64: string): (() => object) | undefined {
  const { WebAssembly: wasm } = globalThis as { readonly WebAssembly?: WebAssembly };
  if (wasm === undefined) return undefined;
  const binary = Buffer.from(base64, 'base64');
  if (!wasm.validate(binary)) return undefined;
  const module = new wasm.Module(binary);
  return () => new wasm.Instance(module).exports;
}

/**
 * Each memory of WebAssembly reserves 8 GiB of addresses and more, which a limit (`ulimit -v`) may refuse: undefined then.
 */
export function unlessRefused<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
