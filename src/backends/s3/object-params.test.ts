import { expect, test } from 'vitest';

import { objectParams } from './object-params.ts';

const VOLUME = 'duplicity-full.20260101T000000Z.vol1.difftar.gpg';
const METADATA = [
  'duplicity-full.20260101T000000Z.manifest.gpg',
  'duplicity-full-signatures.20260101T000000Z.sigtar.gpg',
  'df.s44we8.m.g',
  'dfs.s44we8.st.z',
];

test.each([
  ['s3UseRrs', 'REDUCED_REDUNDANCY', false],
  ['s3UseIa', 'STANDARD_IA', false],
  ['s3UseOnezoneIa', 'ONEZONE_IA', false],
  ['s3UseGlacier', 'GLACIER', true],
  ['s3UseGlacierIr', 'GLACIER_IR', true],
  ['s3UseDeepArchive', 'DEEP_ARCHIVE', true],
])('%s is the class %s; metadata stay out of it: %s', (option, name, isCold) => {
  const paramsOf = objectParams({ [option]: true });
  expect(paramsOf(VOLUME)).toEqual({ StorageClass: name });
  for (const file of METADATA) expect(paramsOf(file)).toEqual(isCold ? {} : { StorageClass: name });
});

test('without an option the class is left to the bucket', () => {
  expect(objectParams({})(VOLUME)).toEqual({});
});

test('encryption by the server, with its own key or one of KMS', () => {
  expect(objectParams({ s3UseServerSideEncryption: true })(VOLUME)).toEqual({ ServerSideEncryption: 'AES256' });
  const kms = { s3UseServerSideKmsEncryption: true, s3KmsKeyId: 'key', s3KmsGrant: 'id=x' };
  expect(objectParams(kms)(VOLUME)).toEqual({
    ServerSideEncryption: 'aws:kms',
    SSEKMSKeyId: 'key',
    GrantFullControl: 'id=x',
  });
});

test('KMS without a key is error 49', () => {
  expect(() => objectParams({ s3UseServerSideKmsEncryption: true })).toThrow(expect.objectContaining({ exitCode: 49 }));
});
