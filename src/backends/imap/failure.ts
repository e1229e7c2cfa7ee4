import { BackendError } from '../../errors/errors.ts';
import { certificateFailure } from '../tls.ts';

interface Kind {
  readonly code: 'BACKEND_ERROR' | 'BACKEND_NO_SPACE' | 'BACKEND_PERMISSION_DENIED' | 'BACKEND_NOT_FOUND';
  readonly retryable?: true;
  readonly hint?: string;
}

const PASSING: Kind = { code: 'BACKEND_ERROR', retryable: true };
const TOO_LARGE: Kind = {
  code: 'BACKEND_ERROR',
  hint: 'The server limits the size of a message: use a smaller --volsize.',
};
const NO_MAILBOX: Kind = { code: 'BACKEND_NOT_FOUND', hint: 'Check the name of the mailbox.' };
const WRONG_LOGIN: Kind = {
  code: 'BACKEND_PERMISSION_DENIED',
  hint: 'Check the account and IMAP_PASSWORD; some services need a password made for programs.',
};

/** Response codes of RFC 3501, 5530, 7889 and 9208: they say more than that a login or a command has failed. */
const KINDS: Readonly<Record<string, Kind>> = {
  OVERQUOTA: { code: 'BACKEND_NO_SPACE', hint: 'Free some space in the mailbox, for example with remove-older-than.' },
  APPENDLIMIT: TOO_LARGE,
  TOOBIG: TOO_LARGE,
  NOPERM: { code: 'BACKEND_PERMISSION_DENIED', hint: 'Check what the account may do with the mailbox.' },
  AUTHENTICATIONFAILED: WRONG_LOGIN,
  AUTHORIZATIONFAILED: WRONG_LOGIN,
  EXPIRED: {
    code: 'BACKEND_PERMISSION_DENIED',
    hint: 'The password has expired: set a new one with the mail service.',
  },
  PRIVACYREQUIRED: { code: 'BACKEND_PERMISSION_DENIED', hint: 'The server wants encryption: use imaps:// instead.' },
  CONTACTADMIN: { code: 'BACKEND_PERMISSION_DENIED', hint: 'Ask whoever runs the mail service.' },
  NONEXISTENT: NO_MAILBOX,
  TRYCREATE: NO_MAILBOX,
  CANNOT: { code: 'BACKEND_ERROR' },
  UNAVAILABLE: PASSING,
  INUSE: PASSING,
  LIMIT: PASSING,
  SERVERBUG: PASSING,
};

/** Properties of the library's errors. */
interface ImapError extends Error {
  readonly authenticationFailed?: boolean;
  /** NO or BAD. */
  readonly responseStatus?: string;
  readonly serverResponseCode?: string;
  readonly responseText?: string;
}

/** `task` failed on `host`. Whatever is no answer of the server may pass. */
export function imapFailure(task: string, host: string, error: unknown): unknown {
  if (error instanceof BackendError || !isImapError(error)) return error;
  const certificate = certificateFailure(task, host, error);
  if (certificate !== undefined) return certificate;
  const reason = error.responseText ?? error.message;
  const message = `Cannot ${task}: ${reason}`;
  const kind = KINDS[error.serverResponseCode ?? ''] ?? (error.authenticationFailed === true ? WRONG_LOGIN : undefined);
  if (kind !== undefined) {
    const { code, retryable = false, hint } = kind;
    return new BackendError(code, message, { retryable, cause: error, ...(hint !== undefined && { hint }) });
  }
  // What the server calls wrong stays wrong.
  const retryable = error.responseStatus !== 'BAD';
  return new BackendError('BACKEND_ERROR', message, { retryable, cause: error });
}

/** True when the connection may still be used after this. */
export function isAnswer(error: unknown): boolean {
  return isImapError(error) && (error.responseStatus === 'NO' || error.responseStatus === 'BAD');
}

function isImapError(error: unknown): error is ImapError {
  return error instanceof Error;
}
