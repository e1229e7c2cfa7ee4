import { beforeAll, describe, expect, test } from 'vitest';
import { Kernels } from './kernel/kernel.ts';
import { scalarKernel } from './kernel/scalar.ts';
import { signatureOf } from './signature.ts';
import { deltaOf, load, noise, patch } from './testing.ts';

// More entries than the number from which blocks with a known weak sum are doubted (search-layout.ts).
const STRANGERS = 300_000;
const BLOCK = 64;
const scalar = new Kernels(scalarKernel);

/** The basis `content` and before it blocks that nobody has: their entries are invented. */
interface Huge {
  readonly stored: Buffer;
  /** Bytes before `content`. */
  readonly start: number;
  readonly content: Buffer;
}

let huge: Huge;

beforeAll(() => {
  // Weak sums as such short blocks have them: one position in twenty has a known one.
  const strangers = noise(12 * STRANGERS, 1);
  for (let at = 0; at < strangers.length; at += 12) {
    const s1 =
      (BLOCK * (127 + 31) + (strangers.readInt16BE(at + 4) >> 6) + (strangers.readInt16BE(at + 6) >> 6)) & 0xffff;
    strangers.writeUInt16BE(s1, at + 2);
  }
  const content = noise(100 * BLOCK, 2);
  const own = signatureOf(content, BLOCK);
  huge = {
    stored: Buffer.concat([own.subarray(0, 12), strangers, own.subarray(12)]),
    start: STRANGERS * BLOCK,
    content,
  };
});

/** What `delta` makes of the basis; copies must come from the part of it that is there. */
function rebuild({ start, content }: Huge, delta: Buffer): Buffer {
  const basis = Buffer.concat([Buffer.alloc(start), content]);
  return patch(basis, delta);
}

describe('among very many entries', () => {
  const changes: readonly (readonly [string, (content: Buffer) => Buffer])[] = [
    ['is unchanged', (content) => content],
    ['has something in front', (content) => Buffer.concat([noise(5000, 3), content])],
    ['lost its beginning', (content) => content.subarray(77)],
    ['has nothing in common', () => noise(300_000, 4)],
    [
      'is in the other order',
      (content) => Buffer.concat([content.subarray(50 * BLOCK), content.subarray(0, 50 * BLOCK)]),
    ],
    ['ends within a block', (content) => Buffer.concat([noise(999, 5), content.subarray(0, 70 * BLOCK + 5)])],
    ['is shorter than a block', (content) => content.subarray(0, BLOCK - 1)],
    ['has every other block changed', everyOtherBlock],
  ];

  test.each(changes)('a delta gives the new content that %s, the same from both kernels', (_what, change) => {
    const content = change(huge.content);
    const delta = deltaOf(load(huge.stored), content);
    expect(rebuild(huge, delta).equals(content)).toBe(true);
    expect(deltaOf(load(huge.stored, scalar), content, 30_011).equals(delta)).toBe(true);
  });

  test('a delta does not depend on the pieces the content comes in', () => {
    const content = Buffer.concat([noise(700_000, 6), huge.content.subarray(7), noise(9000, 7), huge.content]);
    const delta = deltaOf(load(huge.stored), content);
    for (const piece of [97, 5000, 80_000]) expect(deltaOf(load(huge.stored), content, piece).equals(delta)).toBe(true);
  });

  test('blocks in a row are found wherever they are', () => {
    const content = Buffer.concat([noise(50_001, 8), huge.content, noise(50_003, 9)]);
    expect(deltaOf(load(huge.stored), content).length).toBeLessThan(content.length - huge.content.length + 100);
  });

  test('single blocks that stayed in their places are found', () => {
    const content = everyOtherBlock(huge.content);
    const whole = Buffer.concat([huge.content, content]);
    // Half of the blocks are literals of 64 bytes with a command of 1, the others copies of 7 or 8 bytes.
    expect(deltaOf(load(huge.stored), whole).length).toBeLessThan(50 * (BLOCK + 1) + 50 * 8 + 50);
  });

  test('a single block elsewhere is found while there are few to doubt', () => {
    const content = Buffer.concat([noise(20, 10), huge.content.subarray(10 * BLOCK, 11 * BLOCK), noise(20, 11)]);
    const alone = Buffer.concat([huge.content.subarray(0, 20 * BLOCK), content, huge.content.subarray(60 * BLOCK)]);
    expect(deltaOf(load(huge.stored), alone).length).toBeLessThan(BLOCK + 60);
  });
});

function everyOtherBlock(content: Buffer): Buffer {
  const changed = Buffer.from(content);
  for (let at = 0; at < changed.length; at += 2 * BLOCK) changed.writeUInt32LE(at + 1, at);
  return changed;
}
