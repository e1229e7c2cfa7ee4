import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { IntegrityError } from '../errors/errors.ts';
import { DeltaEncoder } from './delta.ts';
import { fastestKernels } from './kernel/choose.ts';
import { Kernels } from './kernel/kernel.ts';
import { scalarKernel } from './kernel/scalar.ts';
import { simdKernels } from './kernel/simd.ts';
import { SignatureBuilder, signatureOf } from './signature.ts';
import { SignatureLoader } from './signature-loader.ts';
import { deltaOf, load, noise, patch, sign } from './testing.ts';

interface Vector {
  readonly name: string;
  readonly block_len: number;
  readonly basis_b64: string;
  readonly signature_b64: string;
}

const vectors = readFileSync(new URL('../../test/golden/data/vectors/rdiff.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Vector);

const scalar = new Kernels(scalarKernel);

test('the kernel in use here is WebAssembly with SIMD', () => {
  expect(simdKernels()).toBeDefined();
  expect(fastestKernels().signer.lanes).toBe(4);
});

describe.each([
  ['SIMD', fastestKernels()],
  ['scalar', scalar],
] as const)('%s signatures', (_name, kernels) => {
  test.each(vectors)('are what librsync makes: $name', (vector) => {
    const basis = Buffer.from(vector.basis_b64, 'base64');
    expect(sign(basis, vector.block_len, kernels, 700).toString('base64')).toBe(vector.signature_b64);
    expect(signatureOf(basis, vector.block_len, kernels).toString('base64')).toBe(vector.signature_b64);
  });

  test('of one short line are the bytes in the format description', () => {
    const signature = signatureOf(Buffer.from('one\n'), 512, kernels).toString('hex');
    expect(signature).toBe('727301360000020000000008051001c8fe51b9cbeccc0bfc');
  });

  test('do not depend on the pieces the content comes in', () => {
    const content = noise(70_001, 1);
    const whole = signatureOf(content, 300, kernels);
    for (const piece of [1, 299, 300, 301, 1200, 65_536]) {
      expect(sign(content, 300, kernels, piece).equals(whole)).toBe(true);
    }
  });
});

test('blocks longer than what is held in memory have the same sums as any others', () => {
  const length = 1_048_577;
  const content = noise(2 * length + 55, 2);
  const signature = sign(content, length, undefined, 100_003);
  const kernel = fastestKernels().signer;
  kernel.reserve(4 * length);
  for (const [block, size] of [length, length, 55].entries()) {
    content.copy(kernel.memory, 4096, block * length, block * length + size);
    kernel.sumBlocks(4096, 1, size, 2048);
    expect(signature.subarray(12 + 12 * block, 24 + 12 * block)).toEqual(kernel.memory.subarray(2048, 2060));
  }
  expect(signature.length).toBe(12 + 36);
});

test('a large signature comes in pieces of 64 KiB, not in crumbs', () => {
  const builder = new SignatureBuilder(512);
  const chunk = noise(65_536, 3);
  for (let i = 0; i < 100; i++) builder.update(chunk);
  const lengths = builder.finish().map((piece) => piece.length);
  expect(lengths.slice(0, -1).every((length) => length === 65_536)).toBe(true);
  expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(12 + 12_800 * 12);
});

test('two builders fed in turn do not disturb each other', () => {
  const [a, b] = [noise(5000, 4), noise(5000, 5)];
  const [first, second] = [new SignatureBuilder(600), new SignatureBuilder(700)];
  for (let at = 0; at < 5000; at += 250) {
    first.update(a.subarray(at, at + 250));
    second.update(b.subarray(at, at + 250));
  }
  expect(Buffer.concat(first.finish()).equals(signatureOf(a, 600))).toBe(true);
  expect(Buffer.concat(second.finish()).equals(signatureOf(b, 700))).toBe(true);
});

describe('a stored signature', () => {
  const stored = signatureOf(noise(1300, 6), 512);

  test('says its shape whatever the pieces it comes in', () => {
    for (const piece of [1, 5, 12, 13, 1000]) {
      expect(load(stored, undefined, piece)).toMatchObject({ blockLength: 512, strongLength: 8, count: 3 });
    }
  });

  test('of an empty file has no blocks', () => {
    expect(load(signatureOf(Buffer.alloc(0), 512)).count).toBe(0);
  });

  test.each([
    ['nothing at all', ''],
    ['a header cut short', '7273013600000200000000'],
    ['the BLAKE2 magic', '727301370000020000000008'],
    ['the RabinKarp MD4 magic', '727301460000020000000008'],
    ['garbage', Buffer.from('this is no signature').toString('hex')],
    ['a block length of 0', '727301360000000000000008'],
    ['strong sums of 0 bytes', '727301360000020000000000'],
    ['strong sums of 17 bytes', '727301360000020000000011'],
    ['an entry cut short', `${stored.toString('hex')}00`],
  ])('with %s is damaged', (_what, hex) => {
    const failure = attempt(() => load(Buffer.from(hex, 'hex')));
    expect(failure).toBeInstanceOf(IntegrityError);
    expect(failure).toMatchObject({ code: 'DAMAGED' });
  });

  test('serves one encoder only', () => {
    const signature = load(stored);
    deltaOf(signature, Buffer.alloc(3));
    expect(() => new DeltaEncoder(signature)).toThrow('one delta encoder');
  });

  test('with more blocks than memory is spent on still gives a correct delta', () => {
    const content = noise(4096, 7);
    const loader = new SignatureLoader(undefined, 3);
    loader.push(signatureOf(content, 512));
    const signature = loader.finish();
    expect(signature.count).toBe(3);
    const delta = deltaOf(signature, content);
    expect(delta.length).toBeLessThan(4096 - 3 * 512 + 20);
    expect(patch(content, delta).equals(content)).toBe(true);
  });
});

function attempt(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}

test('zeros have the same sums wherever they stand and however the content is cut', () => {
  const noise = Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) % 251));
  const zeros = Buffer.alloc(70_000);
  for (const before of [0, 1, 700, 4096]) {
    // The last zeros are cut short, and a block has all but one byte of zeros.
    const content = Buffer.concat([noise.subarray(0, before), zeros, noise, zeros, Buffer.from([1]), zeros]);
    for (const cut of [100, 512, 8192, 66_000, content.length]) {
      const builder = new SignatureBuilder(512);
      for (let at = 0; at < content.length; at += cut) builder.update(content.subarray(at, at + cut));
      // The signature of a whole is made without a look at what is zero.
      expect(Buffer.concat(builder.finish()).equals(signatureOf(content, 512))).toBe(true);
    }
  }
});
