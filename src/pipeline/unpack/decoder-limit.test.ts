import { beforeEach, expect, test } from 'vitest';
import { decoderLimit } from './decoder-limit.ts';
import { openSpool, type Spool } from '../spool.ts';
import { spooled, tempDir } from '../testing/temp-dir.ts';

let spool: Spool;
let open: number;
let most: number;
beforeEach(() => {
  spool = openSpool([tempDir()]);
  open = 0;
  most = 0;
});

const BLOCK = 1000;
const limits = { decoders: 2, wholeBytes: 2 * BLOCK, memoryBytes: 5 * BLOCK };

/** A decoder that fills one block again and again: the first byte of each counts up. */
async function* decoder(blocks: number, failure?: Error): AsyncGenerator<Buffer> {
  most = Math.max(most, ++open);
  try {
    const block = Buffer.alloc(BLOCK);
    for (let i = 0; i < blocks; i++) {
      block.fill(i + 1);
      yield block;
      block.fill(0);
    }
    if (failure !== undefined) throw failure;
  } finally {
    open--;
  }
}

const expected = (blocks: number): Buffer =>
  Buffer.concat(Array.from({ length: blocks }, (_none, i) => Buffer.alloc(BLOCK, i + 1)));

async function rest(blocks: AsyncIterator<Buffer>): Promise<Buffer> {
  const copies: Buffer[] = [];
  for (let step = await blocks.next(); step.done !== true; step = await blocks.next())
    copies.push(Buffer.from(step.value));
  return Buffer.concat(copies);
}

test.each([0, 1, 2, 3, 10])('%i blocks come through as they are', async (blocks) => {
  const bounded = decoderLimit(spool, limits);
  expect((await rest(bounded(decoder(blocks))[Symbol.asyncIterator]())).equals(expected(blocks))).toBe(true);
  expect(open).toBe(0);
});

test('many files that are read side by side never have more decoders than allowed, and all come through', async () => {
  const bounded = decoderLimit(spool, limits);
  const sizes = [1, 9, 2, 8, 3, 7, 4, 6, 5, 1, 1, 1];
  const readers = sizes.map((blocks) => bounded(decoder(blocks))[Symbol.asyncIterator]());
  const firsts: Buffer[] = [];
  for (const reader of readers) {
    const { value } = (await reader.next()) as { readonly value: Buffer };
    firsts.push(Buffer.from(value));
  }
  expect(open).toBe(2);
  // One more while it is decoded into the spool.
  expect(most).toBe(3);
  expect(spooled(spool).length).toBeGreaterThan(0);
  for (const [i, reader] of readers.entries()) {
    const whole = Buffer.concat([firsts[i] ?? Buffer.alloc(0), await rest(reader)]);
    expect(whole.equals(expected(sizes[i] ?? 0))).toBe(true);
  }
  expect(open).toBe(0);
  expect(spooled(spool)).toEqual([]);
});

test.each([1, 3, 9])('what a failing decoder gave before its %i. block is not lost', async (blocks) => {
  for (const decoders of [0, 1]) {
    const bounded = decoderLimit(spool, { ...limits, decoders });
    const reader = bounded(decoder(blocks, new Error('damaged')))[Symbol.asyncIterator]();
    const copies: Buffer[] = [];
    const read = async (): Promise<void> => {
      for (let step = await reader.next(); step.done !== true; step = await reader.next()) {
        copies.push(Buffer.from(step.value));
      }
    };
    await expect(read()).rejects.toThrow('damaged');
    expect(Buffer.concat(copies).equals(expected(blocks))).toBe(true);
    expect(spooled(spool)).toEqual([]);
  }
});

test('readers that stop early give back what they held', async () => {
  const bounded = decoderLimit(spool, limits);
  for (let round = 0; round < 5; round++) {
    const readers = [2, 9, 9, 9].map((blocks) => bounded(decoder(blocks))[Symbol.asyncIterator]());
    for (const reader of readers) await reader.next();
    expect(open).toBe(2);
    for (const reader of readers) await reader.return?.();
    expect(open).toBe(0);
    expect(spooled(spool)).toEqual([]);
  }
  // All memory and decoders are free again: nothing of this needs the spool.
  const readers = [2, 2, 9, 9].map((blocks) => bounded(decoder(blocks))[Symbol.asyncIterator]());
  for (const reader of readers) await reader.next();
  expect(spooled(spool)).toEqual([]);
  for (const reader of readers) await reader.return?.();
});
