import { expect, test } from 'vitest';

import { regionTold, s3Failure } from './failure.ts';

function answer(name: string, httpStatusCode: number, headers: Readonly<Record<string, string>> = {}): Error {
  return Object.assign(new Error('the words of the server'), {
    name,
    $metadata: { httpStatusCode },
    $response: { headers },
  });
}

test.each([
  ['NoSuchKey', 404, 'BACKEND_NOT_FOUND', false],
  ['AccessDenied', 403, 'BACKEND_PERMISSION_DENIED', false],
  ['UnheardOf', 403, 'BACKEND_PERMISSION_DENIED', false],
  ['InvalidStorageClass', 400, 'BACKEND_ERROR', false],
  ['QuotaExceeded', 403, 'BACKEND_NO_SPACE', false],
  ['UnheardOf', 507, 'BACKEND_NO_SPACE', false],
  ['InsufficientStorageSpace', 409, 'BACKEND_NO_SPACE', false],
  ['XMinioAdminBucketQuotaExceeded', 400, 'BACKEND_NO_SPACE', false],
  ['NoSuchUpload', 404, 'BACKEND_ERROR', true],
  ['InvalidPart', 400, 'BACKEND_ERROR', true],
  ['XAmzContentSHA256Mismatch', 400, 'BACKEND_ERROR', true],
  ['Throttling', 400, 'BACKEND_ERROR', true],
  ['OperationAborted', 409, 'BACKEND_ERROR', true],
  ['InvalidClientTokenId', 403, 'BACKEND_PERMISSION_DENIED', false],
  ['KMS.DisabledException', 400, 'BACKEND_PERMISSION_DENIED', false],
  ['UnheardOf', 499, 'BACKEND_ERROR', true],
  ['SlowDown', 503, 'BACKEND_ERROR', true],
  ['UnheardOf', 500, 'BACKEND_ERROR', true],
  ['UnheardOf', 429, 'BACKEND_ERROR', true],
  ['UnheardOf', 400, 'BACKEND_ERROR', false],
])('%s with status %i is %s, worth a retry: %s', (name, status, code, retryable) => {
  expect(s3Failure('store x', answer(name, status))).toMatchObject({ code, retryable });
});

test('a frozen object is one clear sentence', () => {
  expect(s3Failure('read vol1 in bucket', answer('InvalidObjectState', 403))).toMatchObject({
    retryable: false,
    message: expect.stringContaining('it lies in cold storage and cannot be read before it is brought back'),
    hint: expect.stringContaining('aws s3api restore-object'),
  });
});

test('the time that a busy server asks for is passed on', () => {
  const busy = answer('SlowDown', 503, { 'retry-after': '7' });
  expect(s3Failure('store x', busy)).toMatchObject({ retryAfterMs: 7000 });
});

test('a lost connection is worth a retry, a certificate that is not accepted is not', () => {
  const lost = Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
  expect(s3Failure('store x', lost)).toMatchObject({ code: 'BACKEND_ERROR', retryable: true });
  const stranger = Object.assign(new Error('self-signed certificate'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
  expect(s3Failure('store x', stranger)).toMatchObject({ code: 'BACKEND_ERROR', retryable: false });
});

test('an error that neither server nor network made stays as it is', () => {
  const own = new Error('the source failed');
  expect(s3Failure('store x', own)).toBe(own);
});

test('a cap that only the words tell is a full store', () => {
  const capped = Object.assign(answer('AccessDenied', 403), {
    message: 'Cannot upload files, storage cap exceeded. See the Caps & Alerts page.',
  });
  expect(s3Failure('store x', capped)).toMatchObject({ code: 'BACKEND_NO_SPACE', retryable: false });
});

test.each([
  [301, { 'x-amz-bucket-region': 'eu-west-1' }, {}, 'eu-west-1'],
  [307, { 'x-amz-bucket-region': 'eu-west-2' }, {}, 'eu-west-2'],
  [400, {}, { Region: 'fr-par' }, 'fr-par'],
  [400, {}, { message: "the region 'us-east-1' is wrong; expecting 'nl-ams'" }, 'nl-ams'],
  [400, {}, {}, undefined],
  [404, { 'x-amz-bucket-region': 'eu-west-1' }, {}, undefined],
  [400, {}, { Region: 'fr par/../x' }, undefined],
])('status %i with %j and %j tells the region %4$s', (status, headers, said, region) => {
  expect(regionTold(Object.assign(answer('AuthorizationHeaderMalformed', status, headers), said))).toBe(region);
});
