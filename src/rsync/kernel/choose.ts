import { Kernels } from './kernel.ts';
import { scalarKernel } from './scalar.ts';
import { simdKernels } from './simd.ts';

// One pool for the process, made on first use: commands that hash nothing never pay for it. It only keeps memory that
// is overwritten before it is read, so sharing it cannot be seen.
let fastest: Kernels | undefined;

/** The fastest kernels this machine runs: WebAssembly with SIMD, else TypeScript. Both make the same bytes. */
export function fastestKernels(): Kernels {
  fastest ??= new Kernels(simdKernels() ?? scalarKernel);
  return fastest;
}
