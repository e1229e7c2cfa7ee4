import { BackendError } from '../../errors/errors.ts';
import { certificateFailure } from '../tls.ts';

/** Response codes of RFC 5530, 7889 and 9208. */
const KINDS: Readonly<
  Record<string, { code: 'BACKEND_ERROR' | 'BACKEND_NO_SPACE' | 'BACKEND_PERMISSION_DENIED'; hint: string }>
> = {
  OVERQUOTA: { code: 'BACKEND_NO_SPACE', hint: 'Free some space in the mailbox, for example with remove-older-than.' },
  APPENDLIMIT: { code: 'BACKEND_ERROR', hint: 'The server limits the size of a message: use a smaller --volsize.' },
  TOOBIG: { code: 'BACKEND_ERROR', hint: 'The server limits the size of a message: use a smaller --volsize.' },
  NOPERM: { code: 'BACKEND_PERMISSION_DENIED', hint: 'Check what the account may do with the mailbox.' },
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
  if (error.authenticationFailed === true) {
    const hint = 'Check the account and IMAP_PASSWORD; some services need a password made for programs.';
    return new BackendError('BACKEND_PERMISSION_DENIED', message, { retryable: false, cause: error, hint });
  }
  const kind = KINDS[error.serverResponseCode ?? ''];
  if (kind !== undefined) {
    return new BackendError(kind.code, message, { retryable: false, cause: error, hint: kind.hint });
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
