import type { IncomingMessage } from 'node:http';

import { BackendError, DuplicityError } from '../../errors/errors.ts';
import { retryAfter } from '../failures/network-failure.ts';
import { certificateFailure } from '../tls.ts';
import type { Verdict } from '../transfer/hidden-name.ts';

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

/**
 * Answers by which a server says that it never does this, or not with hidden names. To a move or a copy also 502, that the
 * destination is another server's, for one that does not know the name it is reached by, and 207, with what went wrong.
 */
export const REFUSED: ReadonlySet<number> = new Set([400, 403, 405, 406, 412, 415, 422, 501]);
export const MOVE_REFUSED: ReadonlySet<number> = new Set([...REFUSED, 207, 502]);
/** Others that may mean the name: the collection has gone, or the server has no better word. */
const DOUBTFUL: ReadonlySet<number> = new Set([404, 409, 500]);

/** The server will not have this name, or not move or copy it: perhaps because it is hidden. */
export class Refused extends Error {
  readonly failure: BackendError;
  readonly verdict: Verdict;

  constructor(failure: BackendError, verdict: Verdict) {
    super(failure.message);
    this.failure = failure;
    this.verdict = verdict;
  }
}

export function verdict(error: unknown): Verdict {
  return error instanceof Refused ? error.verdict : undefined;
}

export function doubt(status: number): Verdict {
  return DOUBTFUL.has(status) ? 'likely' : undefined;
}

/** Of a place that has answered as WebDAV does: a method that it does not know here is one that it does not allow. */
export function forbidding(failure: BackendError, status: number): BackendError {
  if (status !== 405 && status !== 501) return failure;
  const hint = 'The server stores and deletes nothing here: check the path of the URL and what this account may do.';
  return new BackendError('BACKEND_PERMISSION_DENIED', failure.message, { retryable: false, hint });
}

export function isDone(status: number): boolean {
  return status === 200 || status === 201 || status === 202 || status === 204;
}
