import { unlessRefused } from '../../util/wasm-simd.ts';
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

/** The twin does the work where a kernel is refused its memory: of that kernel, or of all. */
export function orScalar(prepare: () => (() => Kernel) | undefined): () => Kernel {
  const create = unlessRefused(prepare);
  return () => (create && unlessRefused(create)) ?? scalarKernel();
}
