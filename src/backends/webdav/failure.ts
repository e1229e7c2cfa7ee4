import type { IncomingMessage } from 'node:http';

import { BackendError, DuplicityError } from '../../errors/errors.ts';
import { retryAfter } from '../failures/network-failure.ts';
import { certificateFailure } from '../tls.ts';

interface Kind {
  readonly code: 'BACKEND_ERROR' | 'BACKEND_PERMISSION_DENIED' | 'BACKEND_NOT_FOUND' | 'BACKEND_NO_SPACE';
  readonly retryable: boolean;
  readonly hint?: string;
}

const KINDS: Readonly<Record<number, Kind>> = {
  401: {
    code: 'BACKEND_PERMISSION_DENIED',
    retryable: false,
    hint: 'Check the user of the URL, and the password there or in FTP_PASSWORD.',
  },
  403: {
    code: 'BACKEND_PERMISSION_DENIED',
    retryable: false,
    hint: 'Give this account the right to list, read and write in the directory.',
  },
  404: { code: 'BACKEND_NOT_FOUND', retryable: false },
  410: { code: 'BACKEND_NOT_FOUND', retryable: false },
  413: {
    code: 'BACKEND_NO_SPACE',
    retryable: false,
    hint: 'The server takes no files of this size: use a smaller --volsize, or raise its limit.',
  },
  507: {
    code: 'BACKEND_NO_SPACE',
    retryable: false,
    hint: 'Free some space on the target, for example with remove-older-than.',
  },
};
const NOT_DAV: Kind = {
  code: 'BACKEND_ERROR',
  retryable: false,
  hint: 'Check the path of the URL: this place does not speak WebDAV.',
};
const HOPELESS: Kind = { code: 'BACKEND_ERROR', retryable: false };
const PASSING: Kind = { code: 'BACKEND_ERROR', retryable: true };

/** A collection that has gone (409), locks, and refusals because of load pass. */
const PASSING_4XX: ReadonlySet<number> = new Set([408, 409, 421, 423, 424, 425, 429]);

function kindOf(status: number): Kind {
  const kind = KINDS[status];
  if (kind !== undefined) return kind;
  if (status === 508) return HOPELESS;
  if (status === 405 || status === 501 || (status >= 200 && status < 300)) return NOT_DAV;
  return status >= 500 || PASSING_4XX.has(status) ? PASSING : HOPELESS;
}

/** What an answer holds besides its status. */
type Said = Partial<Pick<IncomingMessage, 'statusMessage' | 'headers'>>;

/** The server answered `task` (such as `store vol1 in webdav://host/dir`) with a status that does not do. */
export function statusFailure(task: string, status: number, { statusMessage, headers }: Said = {}): BackendError {
  const { hint, ...kind } = kindOf(status);
  return new BackendError(kind.code, `Cannot ${task}: the server answers ${status} ${statusMessage ?? ''}`.trimEnd(), {
    retryable: kind.retryable,
    retryAfterMs: kind.retryable ? retryAfter(headers?.['retry-after'], Date.now()) : undefined,
    ...(hint !== undefined && { hint }),
  });
}

/** There was no answer. */
export function wireFailure(task: string, host: string, error: unknown): unknown {
  if (error instanceof DuplicityError || !(error instanceof Error)) return error;
  const untrusted = certificateFailure(task, host, error);
  if (untrusted !== undefined) return untrusted;
  // Several addresses of one host: node puts what each said beside an empty message.
  const inner = error instanceof AggregateError ? error.errors.find((each) => each instanceof Error) : undefined;
  const { message } = inner ?? error;
  return new BackendError('BACKEND_ERROR', `Cannot ${task}: ${message}`, { retryable: true, cause: error });
}
