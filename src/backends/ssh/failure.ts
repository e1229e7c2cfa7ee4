import type { Code } from '../../errors/codes.ts';
import { BackendError } from '../../errors/errors.ts';
import { errorCode } from '../../util/errno.ts';

/** Status codes of the protocol; draft-ietf-secsh-filexfer-02, section 7. */
export const SFTP_STATUS = { eof: 1, noSuchFile: 2, permissionDenied: 3, failure: 4, unsupported: 8 } as const;

const DENIED = {
  code: 'BACKEND_PERMISSION_DENIED',
  retryable: false,
  exception: 'PermissionError',
  hint: 'Check owner and mode of the target directory.',
} as const;
const ABSENT = { code: 'BACKEND_NOT_FOUND', retryable: false, exception: 'FileNotFoundError' } as const;
const FULL = {
  code: 'BACKEND_NO_SPACE',
  retryable: false,
  exception: 'OSError',
  hint: 'Free some space on the target, for example with remove-older-than.',
} as const;
const PASSING = { code: 'BACKEND_ERROR', retryable: true } as const;
const HOPELESS = { code: 'BACKEND_ERROR', retryable: false } as const;

interface Kind {
  readonly code: Code;
  readonly retryable: boolean;
  readonly exception?: string;
  readonly hint?: string;
}

const STATUS_KINDS: Readonly<Record<number, Kind>> = {
  [SFTP_STATUS.noSuchFile]: ABSENT,
  [SFTP_STATUS.permissionDenied]: DENIED,
  [SFTP_STATUS.unsupported]: HOPELESS,
  // Of later versions of the protocol, which servers of other makes send all the same: no such path, write-protected, no
  // space, quota exceeded, invalid name, cannot be deleted.
  10: ABSENT,
  12: DENIED,
  14: FULL,
  15: FULL,
  20: HOPELESS,
  22: DENIED,
};

/**
 * A failure of `task` (such as `store vol1 in backup`) for whatever reason the server, a program on it or the connection
 * gave. What is no `Error`, or is classified already, stays as it is.
 */
export function sshFailure(task: string, error: unknown): unknown {
  if (error instanceof BackendError || !(error instanceof Error)) return error;
  // A status of sftp is a number, what a system call says a word.
  const status = 'code' in error && typeof error.code === 'number' ? error.code : undefined;
  const kind = STATUS_KINDS[status ?? SFTP_STATUS.failure] ?? textKind(error.message) ?? PASSING;
  const name = errorCode(error);
  return failure(task, `${error.message}${name === undefined ? '' : ` (${name})`}`, { ...kind, cause: error });
}

/** What programs on the server say comes from their strerror(3). */
function textKind(said: string): Kind | undefined {
  if (/no space left|quota exceeded/i.test(said)) return FULL;
  if (/permission denied|operation not permitted|read-only file system/i.test(said)) return DENIED;
  return /no such file/i.test(said) ? ABSENT : undefined;
}

/** What a program on the server said. */
export class SaidError extends Error {}

/** The end of what a program wrote to stderr, as an error for `sshFailure`. */
export function saidError(said: string): Error {
  return new SaidError(said.trim().split('\n').slice(-2).join('; ') || 'no reason given');
}

function failure(task: string, why: string, kind: Kind & { readonly cause?: unknown }): BackendError {
  const { code, ...rest } = kind;
  return new BackendError(code, `Cannot ${task}: ${why}`, rest);
}
