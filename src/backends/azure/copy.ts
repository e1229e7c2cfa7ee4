import { setTimeout as delay } from 'node:timers/promises';

import type { BlobClient } from '@azure/storage-blob';

import { BackendError, CannotCopyError } from '../../errors/errors.ts';
import type { Stall } from '../transfer/stall.ts';

/** Between two questions for a copy that takes its time, the longer the more have been asked. */
const FIRST_POLL_MS = 50;
const LONGEST_POLL_MS = 5000;
/** A copy of which no byte has moved for so many timeouts waits for an archive to give it out, which takes hours. */
const PATIENCE = 10;

export interface Copying {
  /** For messages: `copy vol1 to vol2 in container`. */
  readonly task: string;
  readonly tier: string | undefined;
  readonly stall: Stall;
  readonly timeoutMs: number;
}

/** Lets the service copy a blob, and waits until it has; what is given up is aborted, and nothing of it stays. */
export async function copyBlob(from: BlobClient, to: BlobClient, copying: Copying): Promise<void> {
  const { tier, stall } = copying;
  const options = { abortSignal: stall.signal, ...(tier !== undefined && { tier }) };
  const copy = await withoutPending(to, stall.signal, () => to.beginCopyFromURL(from.url, options));
  // The library's type lacks the id, which is there.
  const { isCompleted = false, copyId = '' }: Begun = copy.getOperationState();
  if (isCompleted) return;
  try {
    await finished(to, copyId, copying);
  } catch (error) {
    await to.abortCopyFromURL(copyId).catch(() => undefined);
    await to.deleteIfExists().catch(() => undefined);
    throw error;
  }
}

interface Begun {
  readonly isCompleted?: boolean;
  readonly copyId?: string;
}

async function finished(to: BlobClient, copyId: string, { task, stall, timeoutMs }: Copying): Promise<void> {
  const { signal, moved } = stall;
  let progress: string | undefined;
  let movedAt = Date.now();
  for (let pauseMs = FIRST_POLL_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_POLL_MS)) {
    moved();
    await delay(pauseMs, undefined, { signal });
    const state = await to.getProperties({ abortSignal: signal });
    if (state.copyId !== copyId) throw broken(task, 'something else has been stored in its place');
    if (state.copyStatus === 'success') return;
    if (state.copyStatus !== 'pending') throw broken(task, state.copyStatusDescription ?? state.copyStatus ?? '');
    if (state.copyProgress !== progress) movedAt = Date.now();
    progress = state.copyProgress;
    if (timeoutMs > 0 && Date.now() - movedAt > timeoutMs * PATIENCE) {
      throw new CannotCopyError(`Cannot ${task}: the service has begun and does not go on`);
    }
  }
}

function broken(task: string, reason: string): BackendError {
  return new BackendError('BACKEND_ERROR', `Cannot ${task}: the service has not finished it (${reason})`, {
    retryable: true,
  });
}

/** Whatever changes a blob is refused while a copy to it is under way, such as one that a killed run has begun. */
export async function withoutPending<T>(blob: BlobClient, abortSignal: AbortSignal, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!isPending(error)) throw error;
    const { copyId, copyStatus } = await blob.getProperties({ abortSignal });
    if (copyId === undefined || copyStatus !== 'pending') throw error;
    await blob.abortCopyFromURL(copyId, { abortSignal });
    return await run();
  }
}

function isPending(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, details } = error as Error & { readonly code?: unknown; readonly details?: { errorCode?: unknown } };
  return (details?.errorCode ?? code) === 'PendingCopyOperation';
}

/** A blob that a copy has not, or not yet, filled: it is there, and empty. */
export function isHalfCopied({ copyStatus }: { readonly copyStatus?: string | undefined }): boolean {
  return copyStatus !== undefined && copyStatus !== 'success';
}
