import type { Code } from '../../errors/codes.ts';
import { BackendError } from '../../errors/errors.ts';
import { networkErrors, retryAfter } from '../failures/network-failure.ts';
import { parseJson, textIn } from '../http/json.ts';

/** An answer that is read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: { readonly 'retry-after'?: string | undefined };
  readonly text: string;
}

interface Kind {
  readonly code: Code;
  readonly retryable: boolean;
  readonly text: string;
  readonly hint?: string;
}

const ABSENT: Kind = { code: 'BACKEND_NOT_FOUND', retryable: false, text: 'it is not there' };
const BUSY: Kind = { code: 'BACKEND_ERROR', retryable: true, text: 'the server is busy' };
const CHANGED: Kind = { code: 'BACKEND_ERROR', retryable: true, text: 'the bytes were changed on the way' };
const DENIED: Kind = {
  code: 'BACKEND_PERMISSION_DENIED',
  retryable: false,
  text: 'the key may not do this',
  hint: 'Use a key that may list, read, write and delete files in this bucket.',
};
const EXPIRED: Kind = {
  code: 'BACKEND_PERMISSION_DENIED',
  retryable: false,
  text: 'the server does not accept its own token',
};
const CAPPED: Kind = {
  code: 'BACKEND_ERROR',
  retryable: false,
  text: "a daily cap of the account's transactions or downloads is reached",
  hint: 'Raise the cap on the page "Caps & Alerts" of the account, or wait until it is reset at midnight GMT.',
};
const FULL: Kind = {
  code: 'BACKEND_NO_SPACE',
  retryable: false,
  text: "the cap of the account's storage is reached",
  hint: 'Raise the cap on the page "Caps & Alerts" of the account.',
};

/** By the code in the answer; source: Backblaze B2 native API, errors of each call. */
const KINDS: Readonly<Record<string, Kind>> = {
  unauthorized: DENIED,
  access_denied: DENIED,
  unsupported: {
    ...DENIED,
    text: 'the account is not set up for B2',
    hint: 'Enable B2 Cloud Storage in its settings.',
  },
  bad_auth_token: EXPIRED,
  expired_auth_token: EXPIRED,
  missing_auth_token: EXPIRED,
  invalid_auth_token: EXPIRED,
  // Of an upload address, which is asked for anew.
  auth_token_limit: BUSY,
  not_found: ABSENT,
  no_such_file: ABSENT,
  file_not_present: ABSENT,
  bad_bucket_id: { ...ABSENT, text: 'there is no such bucket any more' },
  duplicate_bucket_name: {
    code: 'BACKEND_PERMISSION_DENIED',
    retryable: false,
    text: 'another account has a bucket of this name',
    hint: 'Choose another name for the bucket.',
  },
  invalid_bucket_id: { ...ABSENT, text: 'there is no such bucket any more' },
  too_many_buckets: {
    code: 'BACKEND_ERROR',
    retryable: false,
    text: 'the account may have no more buckets',
    hint: 'Use a bucket that is there already.',
  },
  conflict: { code: 'BACKEND_ERROR', retryable: true, text: 'something else is at work on it' },
  part_sha1_mismatch: CHANGED,
  cap_exceeded: FULL,
  storage_cap_exceeded: FULL,
  transaction_cap_exceeded: CAPPED,
  download_cap_exceeded: CAPPED,
  email_not_verified: {
    code: 'BACKEND_PERMISSION_DENIED',
    retryable: false,
    text: 'the address of the account is not verified',
    hint: 'Verify the mail address of the account.',
  },
};

/** An answer without a known code. A HEAD has none. */
const STATUSES: Readonly<Record<number, Kind>> = {
  401: DENIED,
  403: { ...DENIED, text: 'the key may not do this, or a cap of the account is reached' },
  404: ABSENT,
  408: { ...BUSY, text: 'the server did not get the whole request in time' },
  429: BUSY,
  503: BUSY,
};

/** The code of the answer; '' where it has none. */
export function codeOf({ text }: Answer): string {
  const code = textIn(parseJson(text), 'code');
  return code !== undefined && /^[a-z0-9_]{1,60}$/.test(code) ? code : '';
}

/** The key is not accepted at login: of the same status, other codes say that a cap is reached, or the like. */
export function isWrongKey(answer: Answer): boolean {
  if (answer.status !== 401 && answer.status !== 403) return false;
  const kind = KINDS[codeOf(answer)];
  return kind === undefined || kind === DENIED || kind === EXPIRED;
}

/** An answer that is not the one hoped for. */
export function refusal(task: string, answer: Answer): BackendError {
  const { status, headers } = answer;
  const code = codeOf(answer);
  const kind = kindOf(answer, code);
  return new BackendError(
    kind.code,
    `Cannot ${task}: ${kind.text} (status ${status}${code === '' ? '' : `, ${code}`})`,
    {
      retryable: kind.retryable,
      exception: 'B2Error',
      retryAfterMs: kind.retryable ? retryAfter(headers['retry-after'], Date.now()) : undefined,
      ...(kind.hint === undefined ? {} : { hint: kind.hint }),
    },
  );
}

function kindOf({ status, text }: Answer, code: string): Kind {
  const known = KINDS[code] ?? STATUSES[status];
  if (known !== undefined) return known;
  // A wrong digest of a whole file has no code of its own.
  if (status === 400 && /sha1|checksum/i.test(text)) return CHANGED;
  return { code: 'BACKEND_ERROR', retryable: status >= 500, text: 'the server refuses' };
}

export const networkError = networkErrors('B2ConnectionError');

/** A fine answer without what was asked for, as something between us and the service may give. */
export function noSense(task: string): BackendError {
  return new BackendError('BACKEND_ERROR', `Cannot ${task}: the server's answer does not fit what was asked`, {
    retryable: true,
  });
}
