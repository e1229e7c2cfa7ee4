import { FTPError } from 'basic-ftp';

import { BackendError, DuplicityError } from '../../errors/errors.ts';
import type { Verdict } from '../transfer/hidden-name.ts';
import { certificateFailure } from '../tls.ts';

/** Replies of RFC 959 and 3659 that say enough by their number. */
const NOT_IMPLEMENTED: ReadonlySet<number> = new Set([500, 501, 502, 504]);

export function isRefusal(error: unknown): error is FTPError {
  return error instanceof FTPError;
}

export function unlessRefused(error: unknown): undefined {
  if (!isRefusal(error)) throw error;
}

/** The server does not know the command. */
export function isUnknownCommand(error: unknown): boolean {
  return isRefusal(error) && NOT_IMPLEMENTED.has(error.code);
}

/** What was under way is broken off: it says nothing of what there is. */
export function isCut(error: unknown): boolean {
  return isRefusal(error) && [421, 425, 426].includes(error.code);
}

/** One connection more than the server, or the account, allows. */
export function isCrowded(error: unknown): boolean {
  if (!isRefusal(error)) return false;
  return error.code === 421 || (error.code === 530 && /too many|maximum|limit|already/i.test(error.message));
}

interface Kind {
  readonly code: 'BACKEND_ERROR' | 'BACKEND_PERMISSION_DENIED' | 'BACKEND_NOT_FOUND' | 'BACKEND_NO_SPACE';
  readonly retryable: boolean;
  readonly hint?: string;
}

const ABSENT: Kind = { code: 'BACKEND_NOT_FOUND', retryable: false };
const DENIED: Kind = {
  code: 'BACKEND_PERMISSION_DENIED',
  retryable: false,
  hint: 'Give this account the right to list, read and write in the directory.',
};
const NO_NAMES: Kind = {
  ...DENIED,
  hint: 'Give this account the right to write in the directory; if it has that, the server takes no names of this form.',
};
const FULL: Kind = {
  code: 'BACKEND_NO_SPACE',
  retryable: false,
  hint: 'Free some space on the target, for example with remove-older-than.',
};
const LOGIN: Kind = {
  code: 'BACKEND_PERMISSION_DENIED',
  retryable: false,
  hint: 'Check the user of the URL, and the password there or in FTP_PASSWORD.',
};
const WANTS_TLS: Kind = {
  code: 'BACKEND_PERMISSION_DENIED',
  retryable: false,
  hint: 'This server wants TLS: use ftpes:// instead of ftp://.',
};
const NO_TLS: Kind = {
  code: 'BACKEND_ERROR',
  retryable: false,
  hint: 'This server offers no TLS here: use ftps:// if it has a port of its own for that, or else ftp://.',
};
const NO_DIRECTORY: Kind = {
  code: 'BACKEND_ERROR',
  retryable: false,
  hint: 'Check the path of the URL: one slash after the host is below the login directory, two are absolute.',
};
const PASSING: Kind = { code: 'BACKEND_ERROR', retryable: true };

/** Many things are 550: the text, which is for people, has to tell them apart. What it does not tell is tried again. */
function kindOf(error: FTPError): Kind {
  const { code, message } = error;
  if (code === 552 || code === 452 || /no space|disk full|quota|insufficient storage/i.test(message)) return FULL;
  if (/(ssl|tls)\S* (is )?required|requires? (ssl|tls)|must (use (ssl|tls)|be encrypted)/i.test(message))
    return WANTS_TLS;
  if (isCrowded(error)) return PASSING;
  // 430 is of no RFC, and common. RFC 2228 and 4217: what is not encrypted is refused by policy.
  if (code === 430 || code === 530 || code === 332 || code === 532) return LOGIN;
  if (code === 533 || code === 534 || code === 521) return WANTS_TLS;
  if (code < 500) return PASSING;
  if (/no such|not found|does ?n[o']t exist|cannot find|can't find/i.test(message)) return ABSENT;
  if (/not a directory|file exists/i.test(message)) return NO_DIRECTORY;
  if (/permi|denied|not allowed|forbidden|read-?only|not authori/i.test(message)) return DENIED;
  return code === 553 ? NO_NAMES : PASSING;
}

/** Whether the server has refused a name, a rename or a deletion. */
export function verdict(error: unknown): Verdict {
  if (!isRefusal(error) || isCrowded(error) || [FULL, WANTS_TLS].includes(kindOf(error))) return undefined;
  if (error.code >= 500 || error.code === 450) return 'certain';
  return error.code === 451 ? 'likely' : undefined;
}

/** `task` (such as `store vol1 in ftp://host/dir`) failed in the FTP library. */
export function ftpFailure(task: string, host: string, error: unknown): unknown {
  if (error instanceof DuplicityError) return error;
  const untrusted = certificateFailure(task, host, error);
  if (untrusted !== undefined) return untrusted;
  if (!(error instanceof Error)) return error;
  if (!isRefusal(error)) return failure(task, PASSING, error);
  const isAuthTls = error.message.includes('AUTH') && isUnknownCommand(error);
  return failure(task, isAuthTls ? NO_TLS : kindOf(error), error);
}

function failure(task: string, { hint, ...kind }: Kind, error: Error): BackendError {
  return new BackendError(kind.code, `Cannot ${task}: ${error.message.replaceAll('\n', ' ')}`, {
    retryable: kind.retryable,
    cause: error,
    ...(hint !== undefined && { hint }),
  });
}
