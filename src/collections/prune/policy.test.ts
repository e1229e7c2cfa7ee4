import { afterEach, describe, expect, test } from 'vitest';
import { useLocalZone } from '../../util/local-time.ts';
import { parsePosixZone } from '../../util/posix-zone.ts';
import { keepsSomething, periodOf, type Policy, reasonsFor } from './policy.ts';

const useZone = (rule: string): void => useLocalZone(parsePosixZone(rule));
const BERLIN = 'CET-1CEST,M3.5.0,M10.5.0/3';
afterEach(() => useLocalZone(undefined));

const at = (text: string): number => Date.parse(text) / 1000;

/** `2026-01-02T10:00Z d1 m1`: the sets and why they are wanted. */
function wanted(policy: Policy, times: readonly string[]): string[] {
  const reasons = reasonsFor(policy, times.map(at));
  return times.map((time, i) => {
    const words = (reasons[i] ?? []).map(
      ({ rule, number, isOldest }) => `${rule} ${number}${isOldest ? ' oldest' : ''}`,
    );
    return [time, ...words].join(', ');
  });
}

describe('what a rule takes', () => {
  test('is the newest set of each of so many periods that have one', () => {
    useZone('UTC0');
    const times = ['2026-01-30T01:00Z', '2026-01-31T01:00Z', '2026-01-31T09:00Z', '2026-02-03T01:00Z'];
    expect(wanted({ daily: 2, monthly: 1, last: 1 }, times)).toEqual([
      '2026-01-30T01:00Z',
      '2026-01-31T01:00Z',
      '2026-01-31T09:00Z, daily 2',
      '2026-02-03T01:00Z, last 1, daily 1, monthly 1',
    ]);
  });

  test('is the oldest set as well while there are too few periods', () => {
    useZone('UTC0');
    const times = ['2026-01-30T01:00Z', '2026-02-02T01:00Z', '2026-02-03T01:00Z'];
    expect(wanted({ yearly: 2, monthly: 2 }, times)).toEqual([
      '2026-01-30T01:00Z, monthly 2, yearly 2 oldest',
      '2026-02-02T01:00Z',
      '2026-02-03T01:00Z, monthly 1, yearly 1',
    ]);
    expect(wanted({ yearly: 1 }, times)[0]).toBe('2026-01-30T01:00Z');
  });

  test('is counted from the newest set, whatever time it is now', () => {
    const times = ['2020-01-01T00:00Z', '2020-01-01T00:00:01Z', '2020-01-08T00:00:01Z'];
    expect(wanted({ within: 7 * 86_400 }, times)).toEqual([times[0], `${times[1]}, within 2`, `${times[2]}, within 1`]);
  });

  test('is nothing for 0', () => {
    expect(reasonsFor({ daily: 0, last: 0, within: 0 }, [1, 2, 3])).toEqual([[], [], []]);
    expect([keepsSomething({}), keepsSomething({ daily: 0 }), keepsSomething({ within: 1 })]).toEqual([
      false,
      false,
      true,
    ]);
  });
});

describe('a period', () => {
  test.each([
    ['daily', '2026-11-30T22:59Z', '2026-11-30T23:00Z', false],
    ['daily', '2026-11-29T23:00Z', '2026-11-30T22:59Z', true],
    ['monthly', '2026-10-31T22:59Z', '2026-10-31T23:00Z', false],
    ['yearly', '2026-12-31T22:59Z', '2026-12-31T23:00Z', false],
    // Sunday to Monday; the first days of 2027 are of the last week of 2026.
    ['weekly', '2026-11-29T22:59Z', '2026-11-29T23:00Z', false],
    ['weekly', '2026-12-28T00:00Z', '2027-01-03T22:59Z', true],
    ['weekly', '2027-01-03T22:59Z', '2027-01-03T23:00Z', false],
    // The day that begins in summer and ends in winter has 25 hours.
    ['daily', '2026-10-24T22:00Z', '2026-10-25T22:59Z', true],
    ['daily', '2026-10-25T22:59Z', '2026-10-25T23:00Z', false],
    ['daily', '2026-03-28T23:00Z', '2026-03-29T21:59Z', true],
    // Both show 02:30.
    ['hourly', '2026-10-25T00:30Z', '2026-10-25T01:30Z', false],
    ['hourly', '2026-10-25T00:00Z', '2026-10-25T00:59Z', true],
    ['hourly', '2026-03-29T00:59Z', '2026-03-29T01:00Z', false],
  ] as const)('%s: %s and %s', (rule, a, b, isSame) => {
    useZone(BERLIN);
    expect(periodOf(rule, at(a)) === periodOf(rule, at(b))).toBe(isSame);
    expect(periodOf(rule, at(b))).toBeGreaterThanOrEqual(periodOf(rule, at(a)));
  });

  test('begins at full hours of a zone that is half an hour off', () => {
    useZone('<+0530>-5:30');
    expect(periodOf('hourly', at('2026-01-01T00:29Z'))).not.toBe(periodOf('hourly', at('2026-01-01T00:30Z')));
    expect(periodOf('hourly', at('2026-01-01T00:30Z'))).toBe(periodOf('hourly', at('2026-01-01T01:29Z')));
  });
});
