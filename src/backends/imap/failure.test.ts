import { expect, test } from 'vitest';

import { imapFailure } from './failure.ts';

/** As the library makes them. */
function no(more: object): Error {
  return Object.assign(new Error('Command failed'), { responseStatus: 'NO', responseText: 'words', ...more });
}

test.each([
  ['AUTHENTICATIONFAILED', true, 'BACKEND_PERMISSION_DENIED', false],
  ['EXPIRED', true, 'BACKEND_PERMISSION_DENIED', false],
  ['PRIVACYREQUIRED', true, 'BACKEND_PERMISSION_DENIED', false],
  ['', true, 'BACKEND_PERMISSION_DENIED', false],
  ['UNAVAILABLE', true, 'BACKEND_ERROR', true],
  ['LIMIT', true, 'BACKEND_ERROR', true],
  ['INUSE', false, 'BACKEND_ERROR', true],
  ['OVERQUOTA', false, 'BACKEND_NO_SPACE', false],
  ['NOPERM', false, 'BACKEND_PERMISSION_DENIED', false],
  ['NONEXISTENT', false, 'BACKEND_NOT_FOUND', false],
  ['CANNOT', false, 'BACKEND_ERROR', false],
  ['', false, 'BACKEND_ERROR', true],
])('the code "%s", at login: %s, is %s, worth a retry: %s', (code, authenticationFailed, expected, retryable) => {
  const error = no({ authenticationFailed, ...(code !== '' && { serverResponseCode: code }) });
  expect(imapFailure('log in', 'host', error)).toMatchObject({ code: expected, retryable });
});
