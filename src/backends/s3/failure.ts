import { BackendError } from '../../errors/errors.ts';
import type { Code } from '../../errors/codes.ts';
import { networkFailure, retryAfter } from '../failures/network-failure.ts';

interface Kind {
  readonly code: Code;
  readonly retryable: boolean;
  readonly text?: string;
  readonly hint?: string;
}

const PASSING: Kind = { code: 'BACKEND_ERROR', retryable: true };
const HOPELESS: Kind = { code: 'BACKEND_ERROR', retryable: false };
const ABSENT: Kind = { code: 'BACKEND_NOT_FOUND', retryable: false, text: 'it is not there' };
const FULL: Kind = {
  code: 'BACKEND_NO_SPACE',
  retryable: false,
  text: 'the store is full',
  hint: 'Free some space on the target, for example with remove-older-than, or raise the quota.',
};
const ELSEWHERE: Kind = { ...HOPELESS, hint: 'Name the region of the bucket with --s3-region-name.' };
const FROZEN: Kind = {
  code: 'BACKEND_ERROR',
  retryable: false,
  text: 'it lies in cold storage and cannot be read before it is brought back',
  hint: 'Ask for it with "aws s3api restore-object" or in the console of the store, wait until that is done, and run this again.',
};

function denied(text: string, hint: string): Kind {
  return { code: 'BACKEND_PERMISSION_DENIED', retryable: false, text, hint };
}

/** By the error code in the answer; source: Amazon S3 API reference, list of error codes. */
const KINDS: Readonly<Record<string, Kind>> = {
  NoSuchKey: ABSENT,
  NoSuchBucket: { ...ABSENT, text: 'there is no such bucket', hint: 'Create the bucket first: duplicity never does.' },
  AccessDenied: denied('access is denied', 'Check what the credentials may do with this bucket.'),
  Forbidden: denied('access is denied', 'Check the credentials and what they may do with this bucket.'),
  AllAccessDisabled: denied('access is disabled', 'Check the account.'),
  AccountProblem: denied('there is a problem with the account', 'Check the account.'),
  InvalidAccessKeyId: denied('the access key is not known', 'Check AWS_ACCESS_KEY_ID.'),
  SignatureDoesNotMatch: denied('the secret key is wrong', 'Check AWS_SECRET_ACCESS_KEY.'),
  ExpiredToken: denied('the session token has expired', 'Get new temporary credentials.'),
  InvalidToken: denied('the session token is not valid', 'Get new temporary credentials.'),
  InvalidClientTokenId: denied('the access key is not known', 'Check AWS_ACCESS_KEY_ID.'),
  TokenRefreshRequired: denied('the session token has expired', 'Get new temporary credentials.'),
  NotSignedUp: denied('the account is not signed up for S3', 'Check the account.'),
  UserDisable: denied('the account is disabled', 'Check the account.'),
  'KMS.DisabledException': denied('the KMS key is disabled', 'Enable the key of --s3-kms-key-id or of the bucket.'),
  'KMS.NotFoundException': denied('there is no such KMS key', 'Check --s3-kms-key-id and its region.'),
  RequestTimeTooSkewed: denied('the clock of this machine is wrong', 'Set the clock.'),
  InvalidStorageClass: {
    ...HOPELESS,
    text: 'the server does not know this storage class',
    hint: 'Leave the --s3-use-... option out, or use another one.',
  },
  InvalidObjectState: FROZEN,
  NotImplemented: { ...HOPELESS, text: 'the server cannot do what an option asks for' },
  EntityTooLarge: HOPELESS,
  InvalidBucketName: HOPELESS,
  PermanentRedirect: ELSEWHERE,
  AuthorizationHeaderMalformed: ELSEWHERE,
  IllegalLocationConstraintException: ELSEWHERE,
  // Ceph and Scaleway; MinIO; Huawei.
  QuotaExceeded: FULL,
  XMinioStorageFull: FULL,
  XMinioAdminBucketQuotaExceeded: FULL,
  InsufficientStorageSpace: FULL,
  // An upload in parts that the server has forgotten begins anew.
  NoSuchUpload: { ...PASSING, text: 'the server has lost the upload' },
  InvalidPart: { ...PASSING, text: 'the server has lost a part of the upload' },
  InvalidPartOrder: { ...PASSING, text: 'the server has lost a part of the upload' },
  XAmzContentSHA256Mismatch: { ...PASSING, text: 'the bytes were changed on the way' },
  BadDigest: { ...PASSING, text: 'the bytes were changed on the way' },
  IncompleteBody: PASSING,
  RequestTimeout: PASSING,
  SlowDown: PASSING,
  OperationAborted: PASSING,
  // Status 400, unlike the others of their sense.
  Throttling: PASSING,
  ThrottlingException: PASSING,
  RequestThrottled: PASSING,
};

/** Alibaba, Tencent, Huawei: the bucket has to stand before the name of the server. */
const OTHER_STYLE = new Set(['SecondLevelDomainForbidden', 'PathStyleDomainForbidden', 'VirtualHostDomainRequired']);

/**
 * `task` (such as `store vol1 in bucket`) failed: as a `BackendError` where it is the server's or network's doing.
 * `absent` is what a 404 without a text means.
 */
export function s3Failure(task: string, error: unknown, absent: 'NoSuchKey' | 'NoSuchBucket' = 'NoSuchKey'): unknown {
  if (error instanceof BackendError || !(error instanceof Error)) return error;
  if (error.name === 'CredentialsProviderError') {
    return new BackendError('BACKEND_PERMISSION_DENIED', `Cannot ${task}: there are no credentials`, {
      retryable: false,
      cause: error,
      exception: 'NoCredentialsError',
      hint: 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.',
    });
  }
  if (error instanceof NoListing) {
    const message = `Cannot ${task}: the server's answer is no listing`;
    return new BackendError('BACKEND_ERROR', message, { retryable: true, exception: 'ClientError' });
  }
  const status = statusOf(error);
  if (status === undefined) {
    const network = networkFailure(error) ?? (hasAnswer(error) ? ODD : undefined);
    if (network === undefined) return error;
    return new BackendError('BACKEND_ERROR', `Cannot ${task}: ${network.text} (${network.code})`, {
      retryable: network.retryable,
      cause: error,
      exception: 'EndpointConnectionError',
    });
  }
  // Backblaze and others tell a cap in words only.
  const isFull = status === 403 && /\b(storage cap|quota) exceeded/i.test(error.message);
  const named = error.name === 'NotFound' ? absent : error.name;
  const { code, retryable, text, hint } = isFull ? FULL : kindOf(named, status);
  const reason = text ?? (error.message === '' ? 'the server reports an error' : error.message);
  return new BackendError(code, `Cannot ${task}: ${reason} (${error.name}, status ${status})`, {
    retryable,
    cause: error,
    exception: 'ClientError',
    ...(hint === undefined ? {} : { hint }),
    retryAfterMs: retryable ? retryAfter(headersOf(error)['retry-after'], Date.now()) : undefined,
  });
}

/** Of a server that says that all is well, and something that the library cannot read. */
const ODD = { code: 'ParseError', text: "the server's answer does not fit what was asked", retryable: true };

/** No bucket of ours: it is not there, or it is somebody else's. */
export function isNoBucketOfOurs(error: unknown): boolean {
  const status = statusOf(error);
  return status === 404 || status === 403 || status === 400 || status === 301;
}

/** The server takes buckets by the other style only, or knows no bucket in this one. */
export function concernsStyle(error: unknown): 'surely' | 'perhaps' | undefined {
  if (error instanceof Error && OTHER_STYLE.has(error.name)) return 'surely';
  const status = statusOf(error);
  const isPerhaps = status === 404 || status === 400 || status === 301 || status === 405 || status === 501;
  return isPerhaps || error instanceof NoListing ? 'perhaps' : undefined;
}

/** The server does not know this kind of request: an older one may do. */
export function isUnknownRequest(error: unknown): boolean {
  const status = statusOf(error);
  if (!(error instanceof Error) || status === undefined) return false;
  return status === 501 || status === 405 || /^(NotImplemented|InvalidArgument|InvalidRequest)$/.test(error.name);
}

/** The server does not let this key ask this. */
export function isForbidden(error: unknown): boolean {
  return statusOf(error) === 403;
}

/** The region that the server says the bucket is in. */
export function regionTold(error: unknown): string | undefined {
  const status = statusOf(error);
  if (!(error instanceof Error) || ![301, 307, 400, 403].includes(status ?? 0)) return undefined;
  const ofText = 'Region' in error && typeof error.Region === 'string' ? error.Region : undefined;
  const [, ofWords] = /expecting '([^']+)'/.exec(error.message) ?? [];
  const region = headersOf(error)['x-amz-bucket-region'] ?? ofText ?? ofWords ?? '';
  return /^[\w-]+$/.test(region) ? region : undefined;
}

/** An answer that begins well and is none of a bucket. */
export class NoListing extends Error {}

function kindOf(name: string, status: number): Kind {
  const known = KINDS[name];
  if (known !== undefined) return known;
  if (status === 404) return ABSENT;
  if (status === 401 || status === 403) return KINDS['Forbidden'] ?? HOPELESS;
  if (status === 507) return FULL;
  return status >= 500 || status === 408 || status === 429 || status === 499 ? PASSING : HOPELESS;
}

function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('$metadata' in error)) return undefined;
  const status = (error.$metadata as { readonly httpStatusCode?: number }).httpStatusCode;
  // An answer that began well and broke off is no answer.
  return status === undefined || status < 300 ? undefined : status;
}

function hasAnswer(error: Error): boolean {
  return '$response' in error || '$metadata' in error;
}

function headersOf(error: Error): Readonly<Record<string, string>> {
  if (!('$response' in error)) return {};
  return (error.$response as { readonly headers?: Readonly<Record<string, string>> } | undefined)?.headers ?? {};
}
