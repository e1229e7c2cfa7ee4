import { afterAll, expect, test } from 'vitest';
import { asctime } from './time.ts';

const zone = process.env['TZ'];
afterAll(() => {
  if (zone === undefined) delete process.env['TZ'];
  else process.env['TZ'] = zone;
});

test.each([
  ['UTC', 0, 'Thu Jan  1 00:00:00 1970'],
  ['UTC', 1_793_523_661.9, 'Sun Nov  1 09:01:01 2026'],
  ['UTC', 1_794_787_199, 'Sun Nov 15 23:59:59 2026'],
  ['Asia/Kathmandu', 1_793_523_661, 'Sun Nov  1 14:46:01 2026'],
  ['Europe/Berlin', 1_792_889_999, 'Sun Oct 25 02:59:59 2026'],
  ['Europe/Berlin', 1_792_890_000, 'Sun Oct 25 02:00:00 2026'],
])('in %s the time %d is shown as %j', (name, time, text) => {
  process.env['TZ'] = name;
  expect(asctime(time)).toBe(text);
});
