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
