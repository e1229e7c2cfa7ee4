import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DeltaEncoder } from './delta.ts';
import { fastestKernels } from './kernel/choose.ts';
import { Kernels } from './kernel/kernel.ts';
import { scalarKernel } from './kernel/scalar.ts';
import { signatureOf } from './signature.ts';
import { deltaAndSignature, deltaOf, load, noise, patch } from './testing.ts';

describe.each([
  ['SIMD', fastestKernels()],
  ['scalar', new Kernels(scalarKernel)],
] as const)('the %s signature made beside a delta', (_name, kernels) => {
  /** What is right about the two that are made together. */
  const made = (old: Buffer, content: Buffer, blockLength: number, piece: number): object => {
    const stored = signatureOf(old, blockLength);
    const { delta, signature } = deltaAndSignature(load(stored, kernels), content, piece);
    return {
      signature: signature.equals(signatureOf(content, blockLength, kernels)),
      delta: delta.equals(deltaOf(load(stored, kernels), content)),
      content: patch(old, delta).equals(content),
    };
  };
  const right = { signature: true, delta: true, content: true };

  test.each([
    ['is the same', (old: Buffer) => old],
    ['lost its last block', (old: Buffer) => old.subarray(0, -600)],
    ['moved by a whole block', (old: Buffer) => Buffer.concat([noise(512, 2), old])],
    ['moved by less than a block', (old: Buffer) => Buffer.concat([noise(5, 3), old])],
    ['grew at the end', (old: Buffer) => Buffer.concat([old, noise(600_000, 4)])],
    ['is empty', () => Buffer.alloc(0)],
    ['has nothing in common', () => noise(700_001, 5)],
    ['repeats a block', (old: Buffer) => Buffer.concat(Array.from({ length: 900 }, () => old.subarray(0, 512)))],
  ])('is that of a content that %s', (_what, change) => {
    const old = noise(400_100, 1);
    for (const piece of [1000, 65_536, 1_000_000]) expect(made(old, change(old), 512, piece)).toEqual(right);
  });

  test('is that of any content put together of old and new parts', () => {
    const old = noise(40_000, 6);
    const anywhere = fc.tuple(fc.nat(39_999), fc.nat(9000)).map(([from, size]) => old.subarray(from, from + size));
    const blocks = fc.tuple(fc.nat(300), fc.nat(40)).map(([at, count]) => old.subarray(128 * at, 128 * (at + count)));
    const fresh = fc.tuple(fc.nat(3000), fc.nat()).map(([size, seed]) => noise(size, seed));
    const parts = fc.array(fc.oneof(anywhere, blocks, fresh), { maxLength: 12 });
    const lengths = fc.constantFrom(1, 7, 128, 130, 2048);
    fc.assert(
      fc.property(parts, lengths, fc.integer({ min: 50, max: 70_000 }), (content, length, piece) => {
        expect(made(old, Buffer.concat(content), length, piece)).toEqual(right);
      }),
      { numRuns: 30 },
    );
  });
});

test.each([
  ['the block length changed', signatureOf(noise(5000, 7), 512), 1024],
  ['the basis is empty', signatureOf(Buffer.alloc(0), 512), 512],
  ['strong sums have another length', Buffer.from('727301360000020000000004aaaaaaaabbbbbbbb', 'hex'), 512],
  ['blocks are too long to be kept', signatureOf(noise(70_000, 8), 65_537), 65_537],
  ['nobody asks for it', signatureOf(noise(5000, 7), 512), undefined],
])('no signature is made beside a delta when %s', (_why, stored, blockLength) => {
  const encoder = new DeltaEncoder(load(stored), blockLength);
  encoder.update(noise(3000, 9));
  encoder.finish();
  expect(encoder.isSigning).toBe(false);
  expect(encoder.takeSignature()).toEqual([]);
});
