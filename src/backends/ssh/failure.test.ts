import { expect, test } from 'vitest';

import { sshFailure } from './failure.ts';

// Above 8, of later versions of the protocol than the one spoken.
test.each([
  [2, 'No such file', 'BACKEND_NOT_FOUND', false],
  [3, 'Permission denied', 'BACKEND_PERMISSION_DENIED', false],
  [4, 'Failure', 'BACKEND_ERROR', true],
  [4, 'Disk quota exceeded', 'BACKEND_NO_SPACE', false],
  [8, 'Operation unsupported', 'BACKEND_ERROR', false],
  [10, 'No such path', 'BACKEND_NOT_FOUND', false],
  [12, 'Write protect', 'BACKEND_PERMISSION_DENIED', false],
  [14, 'No space on filesystem', 'BACKEND_NO_SPACE', false],
  [15, 'Quota exceeded', 'BACKEND_NO_SPACE', false],
  [22, 'Cannot delete', 'BACKEND_PERMISSION_DENIED', false],
])('status %i with "%s" is %s, worth a retry: %s', (status, words, code, retryable) => {
  const error = Object.assign(new Error(words), { code: status });
  expect(sshFailure('store x', error)).toMatchObject({ code, retryable });
});
