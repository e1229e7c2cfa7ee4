import type { Code } from '../../errors/codes.ts';
import { BackendError } from '../../errors/errors.ts';
import { networkErrors, retryAfter } from '../failures/network-failure.ts';

interface Kind {
  readonly code: Code;
  readonly retryable: boolean;
  readonly text: string;
  readonly hint?: string;
}

const FREE = 'Free some space on the target, for example with remove-older-than, or raise the quota.';

const KINDS: Readonly<Record<number, Kind>> = {
  401: {
    code: 'BACKEND_PERMISSION_DENIED',
    retryable: false,
    text: 'the server does not accept the token',
    hint: 'Check the account.',
  },
  403: {
    code: 'BACKEND_PERMISSION_DENIED',
    retryable: false,
    text: 'access is denied',
    hint: 'Check what the account may do with the container and CONTAINER_segments.',
  },
  404: { code: 'BACKEND_NOT_FOUND', retryable: false, text: 'it is not there' },
  408: { code: 'BACKEND_ERROR', retryable: true, text: 'the server did not get the whole request in time' },
  // Two writes of one name at once, or a clock of the server that went back.
  409: { code: 'BACKEND_ERROR', retryable: true, text: 'something else is at work on it' },
  413: {
    code: 'BACKEND_NO_SPACE',
    retryable: false,
    text: 'a quota or the largest size of an object is exceeded',
    hint: FREE,
  },
  422: { code: 'BACKEND_ERROR', retryable: true, text: 'the bytes were changed on the way' },
  429: { code: 'BACKEND_ERROR', retryable: true, text: 'the server is busy' },
  498: { code: 'BACKEND_ERROR', retryable: true, text: 'the server is busy' },
  // Swift has seen the connection end, and says so to nobody, or to the other direction, which is still there.
  499: { code: 'BACKEND_ERROR', retryable: true, text: 'the server did not get the whole request' },
  503: { code: 'BACKEND_ERROR', retryable: true, text: 'the server is busy' },
  507: { code: 'BACKEND_NO_SPACE', retryable: false, text: 'the store is full', hint: FREE },
};

/** An answer that is not the one hoped for. */
export function refusal(
  task: string,
  { status, headers }: { readonly status: number; readonly headers: { readonly 'retry-after'?: string | undefined } },
): BackendError {
  const kind: Kind = KINDS[status] ?? { code: 'BACKEND_ERROR', retryable: status >= 500, text: 'the server refuses' };
  return new BackendError(kind.code, `Cannot ${task}: ${kind.text} (status ${status})`, {
    retryable: kind.retryable,
    exception: 'ClientException',
    ...(kind.hint === undefined ? {} : { hint: kind.hint }),
    retryAfterMs: kind.retryable ? retryAfter(headers['retry-after'], Date.now()) : undefined,
  });
}

export const networkError = networkErrors('ClientException');
