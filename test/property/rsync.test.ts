import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { IntegrityError } from '../../src/errors/errors.ts';
import { fastestKernels } from '../../src/rsync/kernel/choose.ts';
import { Kernels } from '../../src/rsync/kernel/kernel.ts';
import { scalarKernel } from '../../src/rsync/kernel/scalar.ts';
import { signatureOf } from '../../src/rsync/signature.ts';
import { deltaOf, load, noise, patch, sign } from '../../src/rsync/testing.ts';

const simd = fastestKernels();
const scalar = new Kernels(scalarKernel);

const blockLength = fc.oneof(fc.integer({ min: 1, max: 130 }), fc.constantFrom(256, 300, 512, 1536, 2048, 5000));
const piece = fc.integer({ min: 1, max: 9000 });
/** Few different bytes, so that blocks repeat and sums collide. */
const poorBytes = fc.array(fc.integer({ min: 0, max: 1 }), { maxLength: 600 }).map((bytes) => Buffer.from(bytes));
const anyBytes = fc.uint8Array({ maxLength: 3000 }).map((bytes) => Buffer.from(bytes));
const longBytes = fc
  .tuple(fc.integer({ min: 0, max: 40_000 }), fc.integer())
  .map(([length, seed]) => noise(length, seed));
const content = fc.oneof(anyBytes, poorBytes, longBytes);

const edit = fc.record({
  kind: fc.constantFrom('insert', 'delete', 'replace', 'move', 'repeat'),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  to: fc.double({ min: 0, max: 1, noNaN: true }),
  length: fc.integer({ min: 1, max: 6000 }),
  seed: fc.integer(),
});
type Edit = typeof edit extends fc.Arbitrary<infer T> ? T : never;

/** An old content and what a few edits made of it. */
const edited = fc.tuple(content, fc.array(edit, { maxLength: 5 })).map(([old, edits]) => {
  let changed = old;
  for (const each of edits) changed = apply(changed, each);
  return { old, changed };
});

const pair = fc.oneof(edited, fc.record({ old: content, changed: content }));

describe('for any two contents, block length and pieces', () => {
  test('patch(old, delta(signature(old), new)) is new', () => {
    fc.assert(
      fc.property(pair, blockLength, piece, piece, ({ old, changed }, length, partIn, partOut) => {
        const delta = deltaOf(load(sign(old, length, simd, partIn), simd, partOut), changed, partIn);
        expect(patch(old, delta, partOut).equals(changed)).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  test('the scalar twin makes the same signature and the same delta', () => {
    fc.assert(
      fc.property(pair, blockLength, piece, piece, ({ old, changed }, length, partA, partB) => {
        const signature = sign(old, length, simd, partA);
        expect(sign(old, length, scalar, partB).equals(signature)).toBe(true);
        expect(signatureOf(old, length, simd).equals(signature)).toBe(true);
        const fast = deltaOf(load(signature, simd), changed, partA);
        const slow = deltaOf(load(signature, scalar), changed, partB);
        expect(slow.equals(fast)).toBe(true);
      }),
      { numRuns: 250 },
    );
  });

  test('both twins agree on contents larger than their window, in any pieces', () => {
    const old = noise(900_000, 1);
    const pieces = fc.integer({ min: 1000, max: 400_000 });
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 6 }), blockLength, pieces, pieces, (edits, length, partA, partB) => {
        let changed = old;
        for (const each of edits) changed = apply(changed, { ...each, length: each.length * 30 });
        const signature = signatureOf(old, Math.max(100, length), simd);
        const fast = deltaOf(load(signature, simd), changed, partA);
        const slow = deltaOf(load(signature, scalar), changed, partB);
        expect(slow.equals(fast)).toBe(true);
        expect(patch(old, fast).equals(changed)).toBe(true);
      }),
      { numRuns: 15 },
    );
  });

  test('an unchanged content is at most one copy', () => {
    fc.assert(
      fc.property(content, blockLength, piece, (old, length, part) => {
        const delta = deltaOf(load(signatureOf(old, length, simd), simd), old, part);
        expect(delta.length).toBe(old.length === 0 ? 5 : old.length < 256 ? 8 : 9);
      }),
      { numRuns: 200 },
    );
  });

  test('a damaged delta gives some content or is DAMAGED, nothing else', () => {
    fc.assert(
      fc.property(edited, fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(255), ({ old, changed }, where, byte) => {
        const delta = deltaOf(load(signatureOf(old, 512, simd), simd), changed);
        delta[Math.floor(where * (delta.length - 1))] = byte;
        expect(['patched', 'DAMAGED']).toContain(outcome(old, delta));
      }),
      { numRuns: 200 },
    );
  });
});

function outcome(old: Buffer, delta: Buffer): string {
  try {
    patch(old, delta, 100);
    return 'patched';
  } catch (error) {
    return error instanceof IntegrityError ? error.code : String(error);
  }
}

function apply(bytes: Buffer, { kind, at, to, length, seed }: Edit): Buffer {
  const from = Math.floor(at * bytes.length);
  const end = Math.min(bytes.length, from + length);
  const target = Math.floor(to * bytes.length);
  const part = bytes.subarray(from, end);
  const fresh = noise(length, seed);
  if (kind === 'insert') return Buffer.concat([bytes.subarray(0, from), fresh, bytes.subarray(from)]);
  if (kind === 'delete') return Buffer.concat([bytes.subarray(0, from), bytes.subarray(end)]);
  if (kind === 'replace') return Buffer.concat([bytes.subarray(0, from), fresh, bytes.subarray(end)]);
  if (kind === 'repeat') return Buffer.concat([bytes.subarray(0, target), part, bytes.subarray(target)]);
  const rest = Buffer.concat([bytes.subarray(0, from), bytes.subarray(end)]);
  const place = Math.min(target, rest.length);
  return Buffer.concat([rest.subarray(0, place), part, rest.subarray(place)]);
}
