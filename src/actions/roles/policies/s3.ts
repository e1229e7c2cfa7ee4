import { bucketPath } from '../../../backends/url/url-path.ts';
import { placesOf } from '../../../backends/s3/place.ts';
import type { Role } from '../role.ts';
import type { Policies } from './policies.ts';

const ON_FILES: Readonly<Record<Role, readonly string[]>> = {
  backup: ['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload'],
  keeper: ['s3:GetObject', 's3:GetObjectRetention', 's3:PutObjectRetention'],
  pruner: ['s3:DeleteObject'],
  restorer: ['s3:GetObject'],
};

/** What would undo the versions and locks that make overwriting harmless. */
const NEVER = [
  's3:DeleteObject',
  's3:DeleteObjectVersion',
  's3:BypassGovernanceRetention',
  's3:PutBucketVersioning',
  's3:PutLifecycleConfiguration',
];

/** Amazon S3 and what is like it: identity and bucket policies. */
export const s3: Policies = (url, role) => {
  const { bucket, prefix } = placesOf(url, {})[0] ?? bucketPath(url);
  const arn = `arn:aws:s3:::${bucket}`;
  const policy = (...statements: readonly object[]): string =>
    JSON.stringify({ Version: '2012-10-17', Statement: statements }, undefined, 2);
  const listing = {
    Sid: 'List',
    Effect: 'Allow',
    Action: ['s3:ListBucket'],
    Resource: [arn],
    ...(prefix !== '' && { Condition: { StringLike: { 's3:prefix': [`${prefix}*`] } } }),
  };
  const files = { Sid: 'Files', Effect: 'Allow', Action: ON_FILES[role], Resource: [`${arn}/${prefix}*`] };
  const identity = { where: `IAM policy of the user or role "duplicity-${role}"`, text: policy(listing, files) };
  if (role !== 'backup') {
    const notes =
      role === 'pruner'
        ? [
            'With versions, what is deleted is hidden first: a rule of the bucket (NoncurrentVersionExpiration) frees the space later.',
            'For "squash" it needs s3:GetObject and s3:PutObject besides.',
          ]
        : [];
    return { policies: [identity], notes, ...(role === 'pruner' && { blurs: [] }) };
  }
  const deny = {
    Sid: 'BackupsTakeNothingAway',
    Effect: 'Deny',
    Principal: { AWS: 'arn:aws:iam::ACCOUNT:user/duplicity-backup' },
    Action: NEVER,
    Resource: [arn, `${arn}/${prefix}*`],
  };
  return {
    policies: [
      identity,
      { where: `policy of the bucket ${bucket} (put your account's number for ACCOUNT)`, text: policy(deny) },
      {
        where: 'a shell, once',
        text: `aws s3api put-bucket-versioning --bucket ${bucket} --versioning-configuration Status=Enabled`,
      },
    ],
    notes: [
      'S3 has one right for a new file and for another one under the same name: versions keep what is overwritten, Object Lock too.',
    ],
    blurs: ['overwrite'],
  };
};
