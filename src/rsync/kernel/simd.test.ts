import { afterEach, expect, test, vi } from 'vitest';
import { simdKernels } from './simd.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

test('there are no SIMD kernels where WebAssembly is missing', () => {
  vi.stubGlobal('WebAssembly', undefined);
  expect(simdKernels()).toBeUndefined();
});

test('there are no SIMD kernels where the module is not accepted', () => {
  vi.stubGlobal('WebAssembly', { ...webAssembly(), validate: () => false });
  expect(simdKernels()).toBeUndefined();
});

test('a kernel keeps its memory when it grows', () => {
  const kernel = simdKernels()?.();
  kernel?.memory.writeUInt32LE(0x12345678, 5000);
  kernel?.reserve(10_000_000);
  expect(kernel?.memory.length).toBeGreaterThanOrEqual(10_000_000);
  expect(kernel?.memory.readUInt32LE(5000)).toBe(0x12345678);
});

function webAssembly(): object {
  return Reflect.get(globalThis, 'WebAssembly') as object;
}
