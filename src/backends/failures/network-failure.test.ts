import { expect, test } from 'vitest';

import { networkFailure, retryAfter } from './network-failure.ts';

test('is found in causes and in the attempts at several addresses', () => {
  const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
  const found = { code: 'ECONNREFUSED', retryable: true };
  expect(networkFailure(new Error('fetch failed', { cause: refused }))).toMatchObject(found);
  expect(networkFailure(new AggregateError([refused]))).toMatchObject(found);
  expect(networkFailure(new Error('something else'))).toBeUndefined();
});

test.each([
  ['7', 7000],
  ['Thu, 01 Jan 2026 00:00:10 GMT', 10_000],
  ['Thu, 01 Jan 2015 00:00:00 GMT', 0],
  ['soon', undefined],
  [undefined, undefined],
])('Retry-After: %s is %s ms', (header, ms) => {
  expect(retryAfter(header, Date.UTC(2026, 0, 1))).toBe(ms);
});
