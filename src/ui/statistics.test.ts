import { expect, test } from 'vitest';

import { durationWords, fixed, sizeWords } from './numbers.ts';
import { formatStatistics, formatVerifySummary } from './statistics.ts';

process.env['TZ'] = 'UTC';

test('the statistics block is the one of the reference, byte for byte', () => {
  const block = formatStatistics({
    startTime: 1795252342.22,
    endTime: 1795252342.23,
    sourceFiles: 5,
    sourceFileSize: 8204,
    newFiles: 5,
    newFileSize: 8204,
    deletedFiles: 0,
    changedFiles: 0,
    changedFileSize: 0,
    changedDeltaSize: 0,
    deltaEntries: 5,
    rawDeltaSize: 12,
    totalDestinationSizeChange: 347,
    errors: 0,
  });
  expect(block).toBe(`--------------[ Backup Statistics ]--------------
StartTime 1795252342.22 (Sat Nov 21 09:12:22 2026)
EndTime 1795252342.23 (Sat Nov 21 09:12:22 2026)
ElapsedTime 0.01 (0.01 seconds)
SourceFiles 5
SourceFileSize 8204 (8.01 KB)
NewFiles 5
NewFileSize 8204 (8.01 KB)
DeletedFiles 0
ChangedFiles 0
ChangedFileSize 0 (0 bytes)
ChangedDeltaSize 0 (0 bytes)
DeltaEntries 5
RawDeltaSize 12 (12 bytes)
TotalDestinationSizeChange 347 (347 bytes)
Errors 0
-------------------------------------------------
`);
});

test.each([
  [0, '0 bytes'],
  [1, '1 byte'],
  [1023, '1023 bytes'],
  [1024, '1.00 KB'],
  [6143, '6.00 KB'],
  [8204, '8.01 KB'],
  // Ties go to the even neighbour, as in Python.
  [8320, '8.12 KB'],
  [8576, '8.38 KB'],
  [10_239, '10.00 KB'],
  [10_496, '10.2 KB'],
  [102_912, '100 KB'],
  [103_936, '102 KB'],
  [1_048_575, '1024 KB'],
  [90_000_000, '85.8 MB'],
  [645_000_000_000, '601 GB'],
  [1024 ** 4 * 3, '3.00 TB'],
  [1024 ** 5, '1024 TB'],
])('%i bytes are %s', (bytes, words) => {
  expect(sizeWords(bytes)).toBe(words);
});

test.each([
  [0, '0.00 seconds'],
  [0.01, '0.01 seconds'],
  [1, '1 second'],
  [59.994, '59.99 seconds'],
  [60.5, '1 minute'],
  [3600, '1 hour'],
  [7200, '2 hours'],
  [90_000, '25 hours'],
  [125, '2 minutes 5.00 seconds'],
  [3725.5, '1 hour 2 minutes 5.50 seconds'],
])('%d s are %s', (seconds, words) => {
  expect(durationWords(seconds)).toBe(words);
});

test.each([
  [0.125, 2, '0.12'],
  [0.375, 2, '0.38'],
  [2.5, 0, '2'],
  [3.5, 0, '4'],
  [8.345, 2, '8.35'],
  [1.005, 2, '1.00'],
])('%d with %i decimals is %s', (value, digits, text) => {
  expect(fixed(value, digits)).toBe(text);
});

test.each([
  [0, 0, 'Verify complete: 0 files compared, 0 differences found.'],
  [1, 2, 'Verify complete: 1 file compared, 2 differences found.'],
  [5, 1, 'Verify complete: 5 files compared, 1 difference found.'],
])('%i compared and %i different is said with the right plurals', (compared, differences, text) => {
  expect(formatVerifySummary(compared, differences)).toBe(text);
});
