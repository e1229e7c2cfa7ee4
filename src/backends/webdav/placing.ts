import { BackendError, CannotCopyError } from '../../errors/errors.ts';
import type { Body } from '../backend.ts';
import { checkCopied, checkStored, type Way } from '../transfer/hidden-name.ts';
import { dropped } from './client.ts';
import type { DavDirectory } from './directory.ts';
import { doubt, forbidding, isDone, MOVE_REFUSED, REFUSED, Refused, statusFailure } from './failure.ts';

/** How a file comes to its place, for `hiddenNames`. */
export interface Placing {
  stored(task: string, body: Body, signal: AbortSignal): Way;
  /** `size` of the original; undefined: the server does not tell. */
  copied(task: string, from: string, size: number | undefined, signal: AbortSignal): Way;
  /** The status of the answer. */
  move(from: string, to: string, signal: AbortSignal): Promise<number>;
}

export function davPlacing(directory: DavDirectory): Placing {
  const { client } = directory;

  function way(task: string, size: number | undefined, signal: AbortSignal, store: Way['store']): Way {
    return {
      store,
      async rename(from, to) {
        const status = await move(from, to, signal);
        if (isDone(status)) return;
        // The answer to an earlier request may have been lost: then there is nothing left to move.
        if (status === 404 && size !== undefined && (await directory.sizeOf(task, to, signal)) === size) return;
        if (MOVE_REFUSED.has(status)) throw new Refused(statusFailure(task, status), 'certain');
        throw new Refused(status === 404 ? hasGone(task) : statusFailure(task, status), doubt(status));
      },
      remove: (part) => discard(part, signal),
      has: async (stored) => (await directory.sizeOf(task, stored, signal)) !== undefined,
    };
  }

  async function store(task: string, name: string, body: Body, signal: AbortSignal): Promise<void> {
    const headers = { 'Content-Type': 'application/octet-stream' };
    const answer = await client.request({
      method: 'PUT',
      target: directory.targetOf(name),
      headers,
      body,
      isSlow: true,
      signal,
    });
    await dropped(answer);
    const { statusCode = 0 } = answer;
    if (!isDone(statusCode)) {
      // The collection may have gone: the next try makes it.
      if (statusCode === 404 || statusCode === 409) directory.leave();
      if (statusCode === 507) await discard(name, signal);
      const failure = forbidding(statusFailure(task, statusCode, answer), statusCode);
      throw new Refused(failure, REFUSED.has(statusCode) ? 'certain' : doubt(statusCode));
    }
    const stored = await directory.sizeOf(task, name, signal);
    if (stored !== 'unknown' && stored !== body.size) await discard(name, signal);
    checkStored(task, stored, body.size);
  }

  async function copy(task: string, from: string, to: string, size: number | undefined, signal: AbortSignal) {
    const status = await send('COPY', from, to, signal);
    if (!isDone(status)) {
      if (status === 409) directory.leave();
      if (status === 507 || status === 207) await discard(to, signal);
      const failure = statusFailure(task, status);
      if (MOVE_REFUSED.has(status)) {
        throw new Refused(new CannotCopyError(failure.message, { isForGood: true }), 'certain');
      }
      throw new Refused(failure, status === 404 ? undefined : doubt(status));
    }
    const copied = await directory.sizeOf(task, to, signal);
    if (copied !== undefined && copied !== 'unknown' && size !== undefined && copied !== size)
      await discard(to, signal);
    // It has only been accepted, and may come later.
    if (status === 202 && copied !== size) throw new Refused(notYet(task), undefined);
    checkCopied(task, copied, size);
  }

  /** A move or a copy of a file, over what is there. */
  async function send(method: 'MOVE' | 'COPY', from: string, to: string, signal: AbortSignal): Promise<number> {
    const headers = {
      Destination: client.origin() + directory.targetOf(to),
      Overwrite: 'T',
      ...(method === 'COPY' && { Depth: '0' }),
    };
    const answer = await client.request({ method, target: directory.targetOf(from), headers, isSlow: true, signal });
    await dropped(answer);
    return answer.statusCode ?? 0;
  }

  const move: Placing['move'] = (from, to, signal) => send('MOVE', from, to, signal);

  /** What is left of a failure should not take up room; if it cannot go, the failure is still the thing to report. */
  async function discard(name: string, signal: AbortSignal): Promise<void> {
    const gone = client.request({ method: 'DELETE', target: directory.targetOf(name), signal });
    await gone.then(dropped).catch(() => undefined);
  }

  return {
    stored: (task, body, signal) => way(task, body.size, signal, (as) => store(task, as, body, signal)),
    copied: (task, from, size, signal) => way(task, size, signal, (as) => copy(task, from, as, size, signal)),
    move,
  };
}

/** Moved by a request whose answer was lost, or deleted by somebody: which of them, only another try settles. */
function hasGone(task: string): BackendError {
  return new BackendError('BACKEND_ERROR', `Cannot ${task}: the file has gone before it got its name`, {
    retryable: true,
  });
}

function notYet(task: string): BackendError {
  return new BackendError('BACKEND_ERROR', `Cannot ${task}: the server has accepted it, and it is not done`, {
    retryable: true,
  });
}
