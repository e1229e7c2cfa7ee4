import { expect, test } from 'vitest';

import { isWrongKey, refusal } from './failure.ts';

test.each([
  [401, 'unauthorized', 'BACKEND_PERMISSION_DENIED', false],
  [403, 'access_denied', 'BACKEND_PERMISSION_DENIED', false],
  [403, 'storage_cap_exceeded', 'BACKEND_NO_SPACE', false],
  [403, 'cap_exceeded', 'BACKEND_NO_SPACE', false],
  [403, 'transaction_cap_exceeded', 'BACKEND_ERROR', false],
  [404, 'not_found', 'BACKEND_NOT_FOUND', false],
  [400, 'file_not_present', 'BACKEND_NOT_FOUND', false],
  [403, 'download_cap_exceeded', 'BACKEND_ERROR', false],
  [401, 'unsupported', 'BACKEND_PERMISSION_DENIED', false],
  [400, 'too_many_buckets', 'BACKEND_ERROR', false],
  [409, 'conflict', 'BACKEND_ERROR', true],
  [400, 'bad_request', 'BACKEND_ERROR', false],
  [400, 'part_sha1_mismatch', 'BACKEND_ERROR', true],
  [408, 'request_timeout', 'BACKEND_ERROR', true],
  [429, 'too_many_requests', 'BACKEND_ERROR', true],
  [500, 'internal_error', 'BACKEND_ERROR', true],
  [503, 'service_unavailable', 'BACKEND_ERROR', true],
])('status %i with %s is %s', (status, name, code, retryable) => {
  const answer = { status, headers: { 'retry-after': '7' }, text: JSON.stringify({ status, code: name }) };
  expect(refusal('do it', answer)).toMatchObject({
    code,
    retryable,
    retryAfterMs: retryable ? 7000 : undefined,
    message: expect.stringMatching(`^Cannot do it: .* \\(status ${status}, ${name}\\)$`),
  });
});

test.each([
  [404, 'BACKEND_NOT_FOUND'],
  [403, 'BACKEND_PERMISSION_DENIED'],
  [400, 'BACKEND_ERROR'],
])('status %i without a code is %s', (status, code) => {
  expect(refusal('do it', { status, headers: {}, text: '<html>' })).toMatchObject({ code, retryable: false });
});

test('a wrong digest is worth another try', () => {
  const text = JSON.stringify({ code: 'bad_request', message: 'Sha1 did not match data received' });
  expect(refusal('do it', { status: 400, headers: {}, text })).toMatchObject({ retryable: true });
});

test('what the server says is not repeated, it may hold a token', () => {
  const text = JSON.stringify({ code: 'a code <hush>', message: 'hush' });
  expect(refusal('do it', { status: 400, headers: {}, text }).message).not.toContain('hush');
});

test.each([
  [401, 'unauthorized', true],
  [401, 'bad_auth_token', true],
  [401, '', true],
  [403, 'access_denied', true],
  [403, 'transaction_cap_exceeded', false],
  [403, 'storage_cap_exceeded', false],
  [403, 'email_not_verified', false],
  [401, 'unsupported', false],
  [503, 'service_unavailable', false],
])('status %i with %s at login means a wrong key: %s', (status, code, isWrong) => {
  expect(isWrongKey({ status, headers: {}, text: JSON.stringify({ status, code }) })).toBe(isWrong);
});
