import { expect, test } from 'vitest';

import { azureFailure } from './failure.ts';

/** As the library makes them. */
function restError(message: string, more: object): Error {
  return Object.assign(new Error(message), { name: 'RestError' }, more);
}

test.each([
  ['an answer that is cut off', 'Error reading response as text: aborted', { code: 'PARSE_ERROR' }],
  ['half a listing', 'Error "unclosed tag" occurred while parsing', { code: 'PARSE_ERROR', statusCode: 200 }],
  ['a request that broke off', 'Bad Request', { statusCode: 400 }],
  ['a connection that is lost', 'read ECONNRESET', { code: 'ECONNRESET' }],
])('%s is worth another try', (_what, message, more) => {
  expect(azureFailure('list files', restError(message, more))).toMatchObject({
    code: 'BACKEND_ERROR',
    retryable: true,
    message: expect.stringMatching(/^Cannot list files: the /) as string,
  });
});

test('what is none of the network stays as it is', () => {
  const bug = new TypeError('x is undefined');
  expect(azureFailure('list files', bug)).toBe(bug);
});

test.each([
  ['BlobNotFound', 404, 'BACKEND_NOT_FOUND', false],
  ['AuthenticationFailed', 403, 'BACKEND_PERMISSION_DENIED', false],
  ['InvalidAuthenticationInfo', 400, 'BACKEND_PERMISSION_DENIED', false],
  ['AuthorizationPermissionMismatch', 403, 'BACKEND_PERMISSION_DENIED', false],
  ['BlobImmutableDueToPolicy', 409, 'BACKEND_PERMISSION_DENIED', false],
  ['LeaseIdMissing', 412, 'BACKEND_PERMISSION_DENIED', false],
  ['BlobArchived', 409, 'BACKEND_ERROR', false],
  ['RequestBodyTooLarge', 413, 'BACKEND_ERROR', false],
  ['InvalidBlockList', 400, 'BACKEND_ERROR', true],
  ['ContainerBeingDeleted', 409, 'BACKEND_ERROR', true],
  ['ServerBusy', 503, 'BACKEND_ERROR', true],
  ['InternalError', 500, 'BACKEND_ERROR', true],
])('%s with status %i is %s, worth a retry: %s', (errorCode, statusCode, code, retryable) => {
  const error = restError('words', { statusCode, details: { errorCode } });
  expect(azureFailure('store x', error)).toMatchObject({ code, retryable });
});
