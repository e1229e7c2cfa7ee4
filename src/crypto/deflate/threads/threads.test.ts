import { Worker } from 'node:worker_threads';
import { afterEach, expect, test, vi } from 'vitest';
import { slices, textBytes } from '../../testing/files.ts';
import { createKernel, type DeflateKernel } from '../kernel/kernel.ts';
import { drawn, mixedBytes } from '../kernel/testing.ts';
import type { PieceJob } from '../piece.ts';
import { SLOTS } from './slots.ts';
import { type DeflateThreads, deflateThreads } from './threads.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

const kernel = theKernel();

function theKernel(): DeflateKernel {
  const made = createKernel();
  if (made === undefined) throw new Error('this Node.js runs no WebAssembly with SIMD');
  return made;
}

const bytes = Buffer.concat([mixedBytes(2_000_000, drawn(5)), textBytes(2_000_000)]);
const pieces = slices(bytes, 150_000).map((piece, i, all) => ({
  bytes: piece,
  before: i === 0 ? undefined : bytes.subarray(0, i * 150_000),
  isLast: i === all.length - 1,
}));
const expected = pieces.map((piece) => Buffer.from(kernel.deflate(piece.bytes, piece.before, piece.isLast)));

/** Takes pieces until a thread is ready. */
async function ready(threads: DeflateThreads): Promise<void> {
  for (;;) {
    const job = threads.job({ bytes: textBytes(100_000), before: undefined, isLast: false });
    if (job !== undefined) return await job.take(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Whether the outputs of all pieces, a few of them at work at a time, are those of the main thread. */
async function isSame(threads: DeflateThreads, depth: number): Promise<boolean> {
  const jobs: (PieceJob | undefined)[] = [];
  let at = 0;
  let same = true;
  const retire = async (): Promise<void> => {
    const wanted = expected[at++] ?? Buffer.alloc(0);
    await jobs.shift()?.take((output) => {
      same &&= output.equals(wanted);
    });
  };
  for (const piece of pieces) {
    jobs.push(
      threads.job({ ...piece, bytes: Buffer.from(piece.bytes), before: piece.before && Buffer.from(piece.before) }),
    );
    if (jobs.length > depth) await retire();
  }
  while (jobs.length > 0) await retire();
  return same;
}

test.each([1, 2, 3])('%i threads and the main one make the same bytes as the main one alone', async (count) => {
  const threads = deflateThreads(kernel, count);
  await ready(threads);
  expect(await isSame(threads, 4)).toBe(true);
  expect(await Promise.all([isSame(threads, 4), isSame(threads, 4)])).toEqual([true, true]);
});

test('there are as many pieces at work as there is memory for, and it comes back', async () => {
  const threads = deflateThreads(kernel, 1);
  await ready(threads);
  const take = (): (PieceJob | undefined)[] =>
    Array.from({ length: SLOTS + 1 }, () => threads.job({ bytes: textBytes(50_000), before: undefined, isLast: true }));
  const jobs = take();
  expect(jobs.filter((job) => job !== undefined)).toHaveLength(SLOTS);
  // Half of them are given up.
  for (const [n, job] of jobs.entries()) await (n % 2 === 0 ? job?.take(() => undefined) : job?.settled());
  for (;;) {
    const again = take().filter((job) => job !== undefined);
    for (const job of again) await job.take(() => undefined);
    if (again.length === SLOTS) break;
  }
  expect(await isSame(threads, 4)).toBe(true);
});

test('pieces are not lost with a thread that ends while it has them', async () => {
  const started: Worker[] = [];
  const on = vi.spyOn(Worker.prototype, 'unref').mockImplementation(function (this: Worker) {
    if (!started.includes(this)) started.push(this);
  });
  const threads = deflateThreads(kernel, 1);
  await ready(threads);
  on.mockRestore();
  const jobs = pieces
    .slice(0, SLOTS - 2)
    .map((piece) =>
      threads.job({ ...piece, bytes: Buffer.from(piece.bytes), before: piece.before && Buffer.from(piece.before) }),
    );
  for (const worker of started) void worker.terminate();
  const outputs: boolean[] = [];
  for (const [n, job] of jobs.entries()) {
    await job?.take((output) => void outputs.push(output.equals(expected[n] ?? Buffer.alloc(0))));
  }
  expect(outputs).toEqual(jobs.map(() => true));
  // No other thread is started in its place.
  expect(threads.job({ bytes: textBytes(1000), before: undefined, isLast: true })).toBeUndefined();
});

test('where no thread can be started the main one does the work', () => {
  expect(deflateThreads(kernel, 0).job({ bytes: textBytes(1000), before: undefined, isLast: true })).toBeUndefined();
});

test('an output that cannot be used is an error of the one who wanted it, and holds nobody up', async () => {
  const threads = deflateThreads(kernel, 1);
  await ready(threads);
  const job = threads.job({ bytes: textBytes(50_000), before: undefined, isLast: true });
  await expect(
    (async () => {
      await job?.take(() => {
        throw new Error('no space left');
      });
    })(),
  ).rejects.toThrow('no space left');
  expect(await isSame(threads, 4)).toBe(true);
});
