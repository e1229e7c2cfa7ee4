import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { DeltaEncoder } from './delta.ts';
import { fastestKernels } from './kernel/choose.ts';
import { Kernels } from './kernel/kernel.ts';
import { scalarKernel } from './kernel/scalar.ts';
import { signatureOf } from './signature.ts';
import { deltaOf, load, noise, patch } from './testing.ts';

interface Vector {
  readonly name: string;
  readonly basis_b64: string;
  readonly signature_b64: string;
  readonly new_b64: string;
  readonly delta_b64: string;
}

const vectors = readFileSync(new URL('../../test/golden/data/vectors/rdiff.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Vector);

describe.each([
  ['SIMD', fastestKernels()],
  ['scalar', new Kernels(scalarKernel)],
] as const)('%s deltas', (_name, kernels) => {
  const deltaFor = (old: Buffer, changed: Buffer, blockLength = 512, piece?: number): Buffer =>
    deltaOf(load(signatureOf(old, blockLength), kernels), changed, piece);

  test.each(vectors)('give the new content and are no longer than those of librsync: $name', (vector) => {
    const content = Buffer.from(vector.new_b64, 'base64');
    const delta = deltaOf(load(Buffer.from(vector.signature_b64, 'base64'), kernels), content, 1000);
    expect(patch(Buffer.from(vector.basis_b64, 'base64'), delta).equals(content)).toBe(true);
    expect(delta.length).toBeLessThanOrEqual(Buffer.from(vector.delta_b64, 'base64').length);
  });

  test.each([
    ['unchanged 2-byte file', 'ab', 'ab', '7273023645000200'],
    ['emptied', 'ab', '', '7273023600'],
    ['one line more', 'one\n', 'one\ntwo\n', '72730236086f6e650a74776f0a00'],
  ])('%s: the bytes in the format description', (_what, old, changed, hex) => {
    expect(deltaFor(Buffer.from(old), Buffer.from(changed)).toString('hex')).toBe(hex);
  });

  test('something put in front costs its length and one copy', () => {
    const old = noise(1500, 1);
    const delta = deltaFor(old, Buffer.concat([Buffer.from('head'), old]));
    expect(delta.toString('hex')).toBe('727302360468656164460005dc00');
  });

  test('an unchanged large file is one copy, however it comes', () => {
    const content = noise(1_000_001, 2);
    for (const piece of [1000, 65_536, 1_000_001]) {
      expect(deltaFor(content, content, 2048, piece).toString('hex')).toBe('727302364700000f424100');
    }
  });

  test('a run of equal blocks that grew is copied', () => {
    const delta = deltaFor(Buffer.alloc(10_000), Buffer.alloc(50_000));
    expect(delta.length).toBeLessThan(300);
    expect(patch(Buffer.alloc(10_000), delta).equals(Buffer.alloc(50_000))).toBe(true);
  });

  test('the short last block of the basis is found at the end of the content only', () => {
    const old = noise(1000, 3);
    const atEnd = Buffer.concat([Buffer.from('x'), old.subarray(512)]);
    expect(deltaFor(old, atEnd).toString('hex')).toBe('7273023601784a020001e800');
    const inside = Buffer.concat([old.subarray(512), Buffer.from('x')]);
    expect(deltaFor(old, inside).length).toBe(4 + 3 + 489 + 1);
  });

  test('literals longer than a command are divided and keep every byte', () => {
    const content = noise(200_000, 4);
    for (const old of [Buffer.alloc(0), noise(5000, 5)]) {
      const delta = deltaFor(old, content);
      expect(delta.length).toBe(4 + 4 * 3 + 200_000 + 1);
      expect(delta.readUInt16BE(5)).toBe(65_535);
      expect(patch(old, delta).equals(content)).toBe(true);
    }
  });

  test('one byte changed costs one block', () => {
    const old = noise(100_000, 6);
    const changed = Buffer.from(old);
    changed[50_000] = (changed[50_000] ?? 0) ^ 1;
    const delta = deltaFor(old, changed);
    expect(delta.length).toBeLessThan(512 + 30);
    expect(patch(old, delta).equals(changed)).toBe(true);
  });

  test.each([1, 2, 4, 7, 8, 9, 15, 16])('a signature with %i bytes of each strong sum serves as well', (strong) => {
    const old = noise(20 * 512 + 100, 7);
    const shift = Buffer.concat([Buffer.from('ab'), old]);
    const delta = deltaOf(load(withStrong(old, strong), kernels), shift);
    expect(delta.toString('hex')).toBe('727302360261624600286400');
  });

  test('a sum that differs in the last byte that is kept is no match', () => {
    for (const strong of [1, 8, 9, 16]) {
      const old = noise(512, 8);
      const stored = withStrong(old, strong);
      stored[stored.length - 1] = (stored[stored.length - 1] ?? 0) ^ 0x80;
      expect(deltaOf(load(stored, kernels), old).length).toBe(4 + 3 + 512 + 1);
    }
  });

  test('blocks with one weak sum are told apart by the strong one', () => {
    // Moving 1 from the outer to the inner of four bytes in a row changes neither half of the rolling sum.
    const twins = Array.from({ length: 100 }, (_, i) => {
      const block = Buffer.alloc(512, 100);
      for (const [at, change] of [-1, 1, 1, -1].entries()) block[4 * i + at] = 100 + change;
      return block;
    });
    const weak = twins.map((block) => signatureOf(block, 512).subarray(12, 16).toString('hex'));
    expect(new Set(weak).size).toBe(1);
    const old = Buffer.concat(twins);
    const changed = Buffer.concat(twins.toReversed());
    const delta = deltaFor(old, changed);
    expect(delta.length).toBeLessThan(100 * 8);
    expect(patch(old, delta).equals(changed)).toBe(true);
  });

  test('blocks too long to be held are sent as they are', () => {
    const header = Buffer.from('727301367fffffff00000008', 'hex');
    const signature = load(Buffer.concat([header, Buffer.alloc(24, 1)]), kernels);
    expect(deltaOf(signature, Buffer.from('abc')).toString('hex')).toBe('727302360361626300');
  });

  test('come in pieces of 64 KiB', () => {
    const encoder = new DeltaEncoder(load(signatureOf(Buffer.alloc(0), 512), kernels));
    const content = noise(50_000, 9);
    const pieces = Array.from({ length: 20 }, () => encoder.update(content)).flat();
    expect(pieces.length).toBeGreaterThan(10);
    expect(pieces.every((piece) => piece.length === 65_536)).toBe(true);
  });

  test('two encoders fed in turn do not disturb each other', () => {
    const [a, b] = [noise(9000, 10), noise(9000, 11)];
    const [first, second] = [a, b].map((old) => new DeltaEncoder(load(signatureOf(old, 512), kernels)));
    const out: [Buffer[], Buffer[]] = [[], []];
    for (let at = 0; at < 9000; at += 300) {
      out[0].push(...(first?.update(a.subarray(at, at + 300)) ?? []));
      out[1].push(...(second?.update(b.subarray(at, at + 300)) ?? []));
    }
    out[0].push(...(first?.finish() ?? []));
    out[1].push(...(second?.finish() ?? []));
    expect(out.map((part) => Buffer.concat(part).toString('hex'))).toEqual([
      '727302364600232800',
      '727302364600232800',
    ]);
  });

  test('are not disturbed by what a kernel did before', () => {
    const [long, short] = [noise(300_000, 12), noise(700, 13)];
    const expected = deltaFor(short, short).toString('hex');
    for (let i = 0; i < 3; i++) {
      deltaFor(long, noise(100_000, 14 + i));
      expect(deltaFor(short, short).toString('hex')).toBe(expected);
    }
  });
});

/** A signature that keeps `strong` bytes of each MD4, taken from the entries of all 16. */
function withStrong(content: Buffer, strong: number): Buffer {
  const entries: Buffer[] = [Buffer.from(`7273013600000200000000${strong.toString(16).padStart(2, '0')}`, 'hex')];
  const kernel = scalarKernel();
  kernel.reserve(8192);
  for (let at = 0; at < content.length; at += 512) {
    const block = content.subarray(at, at + 512);
    block.copy(kernel.memory, 4096);
    kernel.sumBlocks(4096, 1, block.length, 2048);
    // The whole digest stays where the kernel puts it (layout.ts, DIGEST).
    entries.push(
      Buffer.from(kernel.memory.subarray(2048, 2052)),
      Buffer.from(kernel.memory.subarray(128, 128 + strong)),
    );
  }
  return Buffer.concat(entries);
}
