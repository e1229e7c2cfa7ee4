import { expect, test } from 'vitest';
import { ProgressEstimate } from './estimate.ts';

const estimate = (total: number, interval = 3): ProgressEstimate =>
  new ProgressEstimate({ total, startMs: 1000, interval });

test('speed is that of the last looks, the time left that of the whole run', () => {
  const progress = estimate(1000);
  const looks = [100, 200, 210, 220, 230, 240, 250].map((bytes, i) => progress.at(1000 * (i + 2), bytes));
  expect(looks[1]).toEqual({
    bytes: 200,
    elapsedSeconds: 2,
    percent: 20,
    etaSeconds: 8,
    bytesPerSecond: 100,
    stalled: false,
  });
  expect(looks[6]).toMatchObject({ percent: 25, etaSeconds: 21, bytesPerSecond: 10 });
});

test('there are never more than 99 percent before the end, even when the source has grown', () => {
  const progress = estimate(1000);
  expect(progress.at(2000, 1500)).toMatchObject({ percent: 99, etaSeconds: 0 });
  expect(progress.last(3000, 1500)).toMatchObject({ percent: 100, bytes: 1500, etaSeconds: 0 });
});

test('nothing to store is nearly done from the start', () => {
  const progress = estimate(0);
  expect(progress.at(2000, 0)).toMatchObject({ percent: 99, etaSeconds: 0, bytesPerSecond: 0 });
  expect(progress.last(1000, 0)).toMatchObject({ percent: 100, bytesPerSecond: 0 });
});

test.each([
  [1, 5],
  [3, 6],
  [10, 20],
])('with an interval of %i s it is stalled after %i s without a byte', (interval, patience) => {
  const progress = estimate(1000, interval);
  expect(progress.at(2000, 10).stalled).toBe(false);
  expect(progress.at(2000 + patience * 1000 - 1, 10).stalled).toBe(false);
  expect(progress.at(2000 + patience * 1000, 10).stalled).toBe(true);
  expect(progress.at(2001 + patience * 1000, 11).stalled).toBe(false);
});
