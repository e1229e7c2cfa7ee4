import { expect, test } from 'vitest';

import { DropboxRefusal, tagsOf } from './failure.ts';

const refused = (status: number, error: unknown, headers = {}): DropboxRefusal =>
  new DropboxRefusal('store x', { status, headers, text: JSON.stringify({ error_summary: '...', error }) });

test.each([
  [{ '.tag': 'path', path: { '.tag': 'not_found' } }, 'path/not_found'],
  [{ '.tag': 'path', reason: { '.tag': 'insufficient_space' }, upload_session_id: 'i' }, 'path/insufficient_space'],
  [{ '.tag': 'path', reason: { '.tag': 'conflict', conflict: { '.tag': 'folder' } } }, 'path/conflict/folder'],
  [{ '.tag': 'incorrect_offset', correct_offset: 7 }, 'incorrect_offset'],
  [{ reason: { '.tag': 'too_many_requests' }, retry_after: 5 }, 'too_many_requests'],
  [{ '.tag': 'path_write', path_write: 'no_write_permission' }, 'path_write/no_write_permission'],
])('%j has the tags %s', (error, tags) => {
  expect(tagsOf(JSON.stringify({ error }))).toBe(tags);
});

test('an answer that is no JSON has no tags', () => {
  expect(tagsOf('<html>502</html>')).toBe('');
});

test.each([
  [409, { '.tag': 'path', path: { '.tag': 'not_found' } }, 'BACKEND_NOT_FOUND', false],
  [409, { '.tag': 'path_lookup', path_lookup: { '.tag': 'not_found' } }, 'BACKEND_NOT_FOUND', false],
  [409, { '.tag': 'path', reason: { '.tag': 'insufficient_space' } }, 'BACKEND_NO_SPACE', false],
  [409, { '.tag': 'path', path: { '.tag': 'no_write_permission' } }, 'BACKEND_PERMISSION_DENIED', false],
  [409, { '.tag': 'path', reason: { '.tag': 'too_many_write_operations' } }, 'BACKEND_ERROR', true],
  [409, { '.tag': 'too_many_write_operations' }, 'BACKEND_ERROR', true],
  [409, { '.tag': 'content_hash_mismatch' }, 'BACKEND_ERROR', true],
  [409, { '.tag': 'lookup_failed', lookup_failed: { '.tag': 'not_found' } }, 'BACKEND_ERROR', true],
  [409, { '.tag': 'path', reason: { '.tag': 'conflict', conflict: { '.tag': 'folder' } } }, 'BACKEND_ERROR', false],
  [409, { '.tag': 'path', path: { '.tag': 'malformed_path' } }, 'BACKEND_ERROR', false],
  [401, { '.tag': 'expired_access_token' }, 'BACKEND_PERMISSION_DENIED', false],
  [401, { '.tag': 'invalid_access_token' }, 'BACKEND_PERMISSION_DENIED', false],
  [403, { '.tag': 'invalid_account_type' }, 'BACKEND_PERMISSION_DENIED', false],
  [429, { reason: { '.tag': 'too_many_requests' } }, 'BACKEND_ERROR', true],
  [500, undefined, 'BACKEND_ERROR', true],
  [503, undefined, 'BACKEND_ERROR', true],
])('%i %j is %s, worth a retry: %s', (status, error, code, retryable) => {
  expect(refused(status, error)).toMatchObject({ code, retryable });
});

test.each([
  [{ 'retry-after': '7' }, { reason: { '.tag': 'too_many_requests' }, retry_after: 300 }, 7000],
  [{}, { reason: { '.tag': 'too_many_requests' }, retry_after: 2 }, 2000],
  [{}, { reason: { '.tag': 'too_many_requests' } }, undefined],
])('with %j and %j the pause is %s ms', (headers, error, pause) => {
  expect(refused(429, error, headers).retryAfterMs).toBe(pause);
});

test.each([
  [{ '.tag': 'incorrect_offset', correct_offset: 7 }],
  [{ '.tag': 'lookup_failed', lookup_failed: { '.tag': 'incorrect_offset', correct_offset: 7 } }],
])('%j tells where to go on', (error) => {
  expect(refused(409, error).correctOffset).toBe(7);
});

test('a permission that is missing is named', () => {
  const { message, hint } = refused(401, { '.tag': 'missing_scope', required_scope: 'files.content.write' });
  expect(message).toContain('the app lacks the permission files.content.write');
  expect(hint).toContain('authorize the app again');
});

test('an answer that repeats a malformed token is not repeated', () => {
  const text = 'Invalid authorization value in HTTP header "Authorization": "Bearer hush hush".';
  const failure = new DropboxRefusal('list /', { status: 400, headers: {}, text });
  expect(failure.message).toBe('Cannot list /: Dropbox does not accept the access token (400)');
});
