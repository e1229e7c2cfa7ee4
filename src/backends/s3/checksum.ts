import type * as S3 from '@aws-sdk/client-s3';
import type { Checksum } from '../backend.ts';
import { checksumOf, checksumOf64 } from '../transfer/checksum.ts';

/**
 * What the answer to a HEAD tells: SHA-1 where it was stored with the object and is of all of it, else the ETag, which is
 * the MD5 of what was stored in one part and is not encrypted with a key of its own.
 */
export function checksumIn(head: S3.HeadObjectCommandOutput): Checksum | undefined {
  const isWhole = head.ChecksumType !== 'COMPOSITE' && head.PartsCount === undefined;
  const sha1 = isWhole ? checksumOf64('sha1', head.ChecksumSHA1) : undefined;
  if (sha1 !== undefined) return sha1;
  const isOwn = head.SSECustomerAlgorithm !== undefined || head.ServerSideEncryption?.startsWith('aws:kms') === true;
  return isOwn ? undefined : checksumOf('md5', head.ETag?.replaceAll('"', ''));
}
