import { BackendError } from '../../errors/errors.ts';
import type { Verdict } from '../transfer/hidden-name.ts';

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
