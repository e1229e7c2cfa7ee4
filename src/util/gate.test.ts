import { expect, test } from 'vitest';
import { gate } from './gate.ts';

test('no more than so many run at a time, in order, whatever fails', async () => {
  const pass = gate(2);
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const runs = [0, 1, 2, 3, 4].map((i) =>
    pass(async () => {
      begun.push(i);
      await new Promise<void>((resolve) => ends.push(resolve));
      if (i % 2 === 1) throw new Error(`failure ${i}`);
      return i;
    }),
  );
  const results = Promise.allSettled(runs);
  for (let i = 0; i < 5; i++) {
    while (ends.length <= i) await new Promise((resolve) => setImmediate(resolve));
    expect(begun.length).toBeLessThanOrEqual(i + 2);
    ends[i]?.();
  }
  expect((await results).map(({ status }) => status)).toEqual([
    'fulfilled',
    'rejected',
    'fulfilled',
    'rejected',
    'fulfilled',
  ]);
  expect(begun).toEqual([0, 1, 2, 3, 4]);
});
