import { expect, test } from 'vitest';

import { formatProgress } from './progress.ts';

const state = { bytes: 10 * 1024 ** 2, elapsedSeconds: 1, percent: 11, etaSeconds: 7, stalled: false };

// The first three lines were printed by 0.8.22.
test.each([
  [
    { ...state, bytesPerSecond: 3 * 1024 ** 2 },
    '10.0MB 00:00:01 [3.0MB/s] [====>                                    ] 11% ETA 7sec',
  ],
  [
    { ...state, bytes: 41_779_127, percent: 69, etaSeconds: 0, bytesPerSecond: 12_531_119 },
    '39.8MB 00:00:01 [12.0MB/s] [===========================>             ] 69% ETA 0sec',
  ],
  [
    { ...state, bytes: 60_141_677, elapsedSeconds: 2, percent: 100, etaSeconds: 0, bytesPerSecond: 12_531_119 },
    '57.4MB 00:00:02 [12.0MB/s] [========================================>] 100% ETA 0sec',
  ],
  [
    { ...state, bytes: 1024, elapsedSeconds: 90_061, percent: 0, bytesPerSecond: 5000, stalled: true },
    '1.0KB 1d,01:01:01 [0.0B/s] [>                                        ] 0% ETA Stalled!',
  ],
])('the state %o is one line', (progress, line) => {
  expect(formatProgress(progress)).toBe(line);
});

test.each([
  [15, '15sec'],
  [16, '< 30sec'],
  [31, '< 45sec'],
  [46, '< 1min'],
  [60, '1min'],
  [95, '1min 30sec'],
  [299, '4min 30sec'],
  [345, '5min'],
  [3600, '1h'],
  [3720, '1h 2min'],
  [90_060, '1d 1h 1min'],
])('%i s left are called %s', (etaSeconds, words) => {
  expect(formatProgress({ ...state, bytesPerSecond: 1, etaSeconds }).split(' ETA ')[1]).toBe(words);
});
