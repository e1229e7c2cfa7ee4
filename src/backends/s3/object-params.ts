import type { PutObjectCommandInput } from '@aws-sdk/client-s3';

import { UsageError } from '../../errors/errors.ts';
import { isMetadataName } from '../transfer/metadata-name.ts';
import type { S3Settings } from './settings.ts';

export type ObjectParams = Pick<
  PutObjectCommandInput,
  'StorageClass' | 'ServerSideEncryption' | 'SSEKMSKeyId' | 'GrantFullControl'
>;

/** In the reference's order: the first one asked for counts. */
const CLASSES = [
  ['s3UseRrs', 'REDUCED_REDUNDANCY'],
  ['s3UseIa', 'STANDARD_IA'],
  ['s3UseOnezoneIa', 'ONEZONE_IA'],
  ['s3UseGlacier', 'GLACIER'],
  ['s3UseGlacierIr', 'GLACIER_IR'],
  ['s3UseDeepArchive', 'DEEP_ARCHIVE'],
] as const;
const COLD = new Set<string>(['GLACIER', 'GLACIER_IR', 'DEEP_ARCHIVE']);

/**
 * What an upload of `name` asks for. Manifests and signatures stay out of cold classes: every run reads them. Without an
 * option the class is left to the bucket. Throws S3_KMS_NO_ID for KMS encryption without a key.
 */
export function objectParams(settings: Partial<S3Settings>): (name: string) => ObjectParams {
  const chosen = CLASSES.find(([option]) => settings[option] === true)?.[1];
  const encryption = encryptionParams(settings);
  return (name) => {
    const isSkipped = chosen === undefined || (COLD.has(chosen) && isMetadataName(name));
    return isSkipped ? encryption : { ...encryption, StorageClass: chosen };
  };
}

function encryptionParams(settings: Partial<S3Settings>): ObjectParams {
  if (settings.s3UseServerSideKmsEncryption === true) {
    if (settings.s3KmsKeyId === undefined) {
      throw new UsageError('S3_KMS_NO_ID', 'S3 encryption with KMS needs a key, and none is named.', {
        hint: 'Add --s3-kms-key-id.',
      });
    }
    const grant = settings.s3KmsGrant;
    return {
      ServerSideEncryption: 'aws:kms',
      SSEKMSKeyId: settings.s3KmsKeyId,
      ...(grant === undefined ? {} : { GrantFullControl: grant }),
    };
  }
  return settings.s3UseServerSideEncryption === true ? { ServerSideEncryption: 'AES256' } : {};
}
