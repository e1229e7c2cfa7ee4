import { type Kernel, Kernels } from './kernel.ts';
import { scalarKernel } from './scalar.ts';
import { simdKernels } from './simd.ts';

// One pool for the process, made on first use: commands that hash nothing never pay for it. It only keeps memory that
// is overwritten before it is read, so sharing it cannot be seen.
let fastest: Kernels | undefined;

/** The fastest kernels this machine runs: WebAssembly with SIMD, else TypeScript. Both make the same bytes. */
export function fastestKernels(): Kernels {
  fastest ??= new Kernels(orScalar(simdKernels));
  return fastest;
}

/**
 * Each memory of WebAssembly reserves 8 GiB of addresses and more, which a limit (`ulimit -v`) may refuse: the twin then does
 * the work of that kernel, or of all.
 */
export function orScalar(prepare: () => (() => Kernel) | undefined): () => Kernel {
  const create = unlessRefused(prepare);
  return () => (create && unlessRefused(create)) ?? scalarKernel();
}

function unlessRefused<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
