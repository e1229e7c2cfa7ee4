import { expect, test } from 'vitest';
import { fastestKernels } from './choose.ts';
import { Kernels } from './kernel.ts';
import { scalarKernel } from './scalar.ts';

const MEBIBYTE = 1_048_576;

test('a kernel is used again', () => {
  const kernels = new Kernels(scalarKernel);
  const kernel = kernels.take();
  kernels.giveBack(kernel, MEBIBYTE);
  expect(kernels.take()).toBe(kernel);
});

test('a kernel with much memory is used again after a large file and dropped after a small one', () => {
  const kernels = new Kernels(scalarKernel);
  const kernel = kernels.take();
  kernel.reserve(40 * MEBIBYTE);
  kernels.giveBack(kernel, 40 * MEBIBYTE);
  expect(kernels.take()).toBe(kernel);
  kernels.giveBack(kernel, MEBIBYTE);
  expect(kernels.take()).not.toBe(kernel);
});

test('kernels of the process are shared', () => {
  expect(fastestKernels()).toBe(fastestKernels());
});
