import type { Code } from '../../errors/codes.ts';
import { BackendError } from '../../errors/errors.ts';
import { networkFailure, retryAfter } from '../failures/network-failure.ts';

interface Kind {
  readonly code: Code;
  readonly retryable: boolean;
  readonly text?: string;
  readonly hint?: string;
}

const ABSENT: Kind = { code: 'BACKEND_NOT_FOUND', retryable: false, text: 'it is not there' };
const DENIED: Kind = {
  code: 'BACKEND_PERMISSION_DENIED',
  retryable: false,
  text: 'access is denied',
  hint: 'Check the key or signature in AZURE_CONNECTION_STRING and what it may do.',
};

/** By `x-ms-error-code`; source: Azure Storage REST API reference, common and blob service error codes. */
const KINDS: Readonly<Record<string, Kind>> = {
  BlobNotFound: ABSENT,
  ContainerNotFound: { ...ABSENT, text: 'there is no such container' },
  ResourceNotFound: ABSENT,
  AuthenticationFailed: { ...DENIED, text: 'the key or signature is wrong' },
  InvalidAuthenticationInfo: { ...DENIED, text: 'the key or signature is wrong' },
  AuthorizationFailure: DENIED,
  AuthorizationSourceIPMismatch: { ...DENIED, text: 'the signature is not for this address' },
  AuthorizationProtocolMismatch: { ...DENIED, text: 'the signature is for HTTPS only' },
  AccountIsDisabled: { ...DENIED, text: 'the account is disabled', hint: 'Check the account.' },
  ContainerDisabled: { ...DENIED, text: 'the container is disabled', hint: 'Check the account.' },
  BlobImmutableDueToPolicy: {
    ...DENIED,
    text: 'a policy of the container forbids to change or delete it',
    hint: 'Wait until the retention time is over.',
  },
  LeaseIdMissing: { ...DENIED, text: 'somebody has a lease on it', hint: 'Break the lease on the blob.' },
  BlobArchived: {
    code: 'BACKEND_ERROR',
    retryable: false,
    text: 'it lies in the archive tier and cannot be read before it is brought back',
    hint: 'Set its tier to Hot or Cool, wait until that is done, and run this again.',
  },
  BlobBeingRehydrated: {
    code: 'BACKEND_ERROR',
    retryable: false,
    text: 'it is being brought back from the archive tier',
    hint: 'Wait until that is done, and run this again.',
  },
  PendingCopyOperation: { code: 'BACKEND_ERROR', retryable: true, text: 'a copy to it is under way' },
  ContainerBeingDeleted: { code: 'BACKEND_ERROR', retryable: true, text: 'the container is being deleted' },
  // The blocks of an upload are sent anew.
  InvalidBlockList: { code: 'BACKEND_ERROR', retryable: true, text: 'the server has lost a part of the upload' },
  OperationTimedOut: { code: 'BACKEND_ERROR', retryable: true, text: 'the server is busy' },
  RequestBodyTooLarge: {
    code: 'BACKEND_ERROR',
    retryable: false,
    text: 'the request is too large for this account',
    hint: 'Use a smaller --azure-max-single-put-size and --azure-max-block-size.',
  },
  Md5Mismatch: { code: 'BACKEND_ERROR', retryable: true, text: 'the bytes were changed on the way' },
};

/** What the library makes of a download that breaks off; of one that is aborted its caller knows. */
const CUT = { code: 'ECONNRESET', text: 'the connection was lost', retryable: true };
/** The library's code for an answer that it could not read to its end, or not understand when it had less than all. */
const HALF = { code: 'PARSE_ERROR', text: 'the answer is not complete', retryable: true };
/** Its name for whatever else it makes of an answer that began well, as something before the store may give one. */
const ODD = { code: 'RestError', text: "the server's answer does not fit what was asked", retryable: true };

/** `task` (such as `store vol1 in container`) failed: as a `BackendError` where it is the server's or network's doing. */
export function azureFailure(task: string, error: unknown): unknown {
  if (error instanceof BackendError || !(error instanceof Error)) return error;
  const { status, name, header } = answerOf(error);
  if (status === undefined) {
    const isHalf = 'code' in error && error.code === HALF.code;
    const known = error.name === 'AbortError' ? CUT : isHalf ? HALF : networkFailure(error);
    const network = known ?? (error.name === ODD.code ? ODD : undefined);
    if (network === undefined) return error;
    return new BackendError('BACKEND_ERROR', `Cannot ${task}: ${network.text} (${network.code})`, {
      retryable: network.retryable,
      exception: 'ServiceRequestError',
      cause: error,
    });
  }
  const { code, retryable, text, hint } = kindOf(name, status);
  const reason = text ?? (retryable ? 'the server is busy' : 'the server refuses');
  return new BackendError(code, `Cannot ${task}: ${reason} (${name === '' ? '' : `${name}, `}status ${status})`, {
    retryable,
    exception: 'HttpResponseError',
    cause: error,
    ...(hint === undefined ? {} : { hint }),
    retryAfterMs: retryable ? retryAfter(header, Date.now()) : undefined,
  });
}

function kindOf(name: string, status: number): Kind {
  const known = KINDS[name];
  if (known !== undefined) return known;
  if (status === 404) return ABSENT;
  if (status === 401 || status === 403) return DENIED;
  if (status === 507) {
    const hint = 'Free some space on the target, for example with remove-older-than.';
    return { code: 'BACKEND_NO_SPACE', retryable: false, text: 'the store is full', hint };
  }
  // Azure gives its reasons; without one, a server on the way has seen the request break off.
  if (status === 400 && name === '') return { code: 'BACKEND_ERROR', retryable: true, text: 'the request broke off' };
  return { code: 'BACKEND_ERROR', retryable: status >= 500 || status === 408 || status === 429 };
}

interface RestErrorLike {
  readonly statusCode?: number;
  readonly code?: string;
  readonly details?: { readonly errorCode?: string };
  readonly response?: { readonly headers?: { get(name: string): string | undefined } };
}

function answerOf(error: Error): { status: number | undefined; name: string; header: string | undefined } {
  const { statusCode, code, details, response } = error as Error & RestErrorLike;
  // An answer that began well and broke off is no answer.
  const status = statusCode === undefined || statusCode < 300 ? undefined : statusCode;
  const name = details?.errorCode ?? response?.headers?.get('x-ms-error-code') ?? (status === undefined ? '' : code);
  return { status, name: name ?? '', header: response?.headers?.get('retry-after') };
}
