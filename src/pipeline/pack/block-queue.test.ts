import { expect, test } from 'vitest';
import { BlockQueue } from './block-queue.ts';

/** A producer that takes `steps` steps and gives something in the last one only. */
function silentFor(steps: number, pause: () => Promise<void>): BlockQueue {
  let step = 0;
  return new BlockQueue(() => {
    step++;
    return step < steps ? { blocks: [], last: false } : { blocks: [Buffer.from('end')], last: true };
  }, pause);
}

test('a long stretch without output lets others run, a short one does not', async () => {
  let pauses = 0;
  const pause = async (): Promise<void> => void pauses++;
  expect(await silentFor(200, pause).fill(Buffer.alloc(10))).toBe(3);
  expect(pauses).toBe(0);
  expect(await silentFor(2000, pause).fill(Buffer.alloc(10))).toBe(3);
  expect(pauses).toBeGreaterThan(3);
});

test('what ends the run during a pause ends the stretch', async () => {
  const stop = async (): Promise<void> => Promise.reject(new Error('stop'));
  await expect(silentFor(1_000_000, stop).fill(Buffer.alloc(10))).rejects.toThrow('stop');
});

test('blocks of any size come in the sizes asked for', async () => {
  const blocks = ['abc', 'd', 'efghij'].map((text) => Buffer.from(text));
  const queue = new BlockQueue(
    () => ({ blocks: blocks.splice(0, 1), last: blocks.length === 0 }),
    async () => undefined,
  );
  const seen: string[] = [];
  for (let length = 4; length === 4;) {
    const into = Buffer.alloc(4);
    length = await queue.fill(into);
    seen.push(into.toString('latin1', 0, length));
  }
  expect(seen).toEqual(['abcd', 'efgh', 'ij']);
});
