import { expect, test } from 'vitest';
import { fastestKernels, orScalar } from './choose.ts';
import { type Kernel, Kernels } from './kernel.ts';
import { scalarKernel } from './scalar.ts';

const MEBIBYTE = 1_048_576;

test('a kernel is used again', () => {
  const kernels = new Kernels(scalarKernel);
  const kernel = kernels.take();
  kernels.giveBack(kernel);
  expect(kernels.take()).toBe(kernel);
});

test('a kernel with much memory is used again for what needs much, and what was there before moves into it', () => {
  const kernels = new Kernels(scalarKernel);
  const large = kernels.take();
  large.reserve(40 * MEBIBYTE);
  kernels.giveBack(large);
  const small = kernels.take();
  expect(small).not.toBe(large);
  expect(kernels.grow(small, 5 * MEBIBYTE, 0)).toBe(small);
  small.memory.writeUInt32LE(0x12345678, 5000);
  const grown = kernels.grow(small, 50 * MEBIBYTE, 5 * MEBIBYTE);
  expect(grown).toBe(large);
  expect(grown.memory.length).toBeGreaterThanOrEqual(50 * MEBIBYTE);
  expect(grown.memory.readUInt32LE(5000)).toBe(0x12345678);
  expect(kernels.take()).toBe(small);
});

test('a second kernel with much memory is made while the first is in use', () => {
  const kernels = new Kernels(scalarKernel);
  const [first, second] = [kernels.take(), kernels.take()];
  expect(kernels.grow(first, 40 * MEBIBYTE, 0)).toBe(first);
  expect(kernels.grow(second, 40 * MEBIBYTE, 0)).toBe(second);
});

test('kernels of the process are shared', () => {
  expect(fastestKernels()).toBe(fastestKernels());
});

test('where a kernel of WebAssembly cannot be made, its twin does the work, also of a later one', () => {
  const refused = (): never => {
    throw new RangeError('WebAssembly.Instance(): Out of memory: Cannot allocate Wasm memory for new instance');
  };
  const twin = (prepare: () => (() => Kernel) | undefined): number => orScalar(prepare)().lanes;
  expect(twin(() => refused)).toBe(1);
  expect(twin(refused)).toBe(1);
  expect(twin(() => undefined)).toBe(1);
  const first = scalarKernel();
  let made = 0;
  const create = orScalar(() => () => (made++ === 0 ? first : refused()));
  expect(create()).toBe(first);
  expect(create()).not.toBe(first);
});

test('what else a kernel fails with is no matter of memory', () => {
  const create = orScalar(() => () => {
    throw new TypeError('odd');
  });
  expect(create).toThrow('odd');
});
