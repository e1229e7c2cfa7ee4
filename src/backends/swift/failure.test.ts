import { expect, test } from 'vitest';

import { refusal } from './failure.ts';

test.each([
  [401, 'BACKEND_PERMISSION_DENIED', false],
  [403, 'BACKEND_PERMISSION_DENIED', false],
  [404, 'BACKEND_NOT_FOUND', false],
  [408, 'BACKEND_ERROR', true],
  [409, 'BACKEND_ERROR', true],
  [412, 'BACKEND_ERROR', false],
  [413, 'BACKEND_NO_SPACE', false],
  [422, 'BACKEND_ERROR', true],
  [429, 'BACKEND_ERROR', true],
  [498, 'BACKEND_ERROR', true],
  [499, 'BACKEND_ERROR', true],
  [500, 'BACKEND_ERROR', true],
  [503, 'BACKEND_ERROR', true],
  [507, 'BACKEND_NO_SPACE', false],
])('status %i is %s, worth a retry: %s', (status, code, retryable) => {
  expect(refusal('store x', { status, headers: {} })).toMatchObject({ code, retryable });
});
