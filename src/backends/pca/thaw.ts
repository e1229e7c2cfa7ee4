import { BackendError } from '../../errors/errors.ts';
import type { Backend } from '../backend.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** `inner`, whose answer "busy, come back later" to a get means here that the object is being unsealed. */
export function thawing(inner: Backend): Backend {
  return {
    ...inner,
    async get(name, take, call) {
      try {
        return await inner.get(name, take, call);
      } catch (error) {
        if (!(error instanceof BackendError) || error.retryAfterMs === undefined) throw error;
        throw new BackendError('BACKEND_ERROR', `${name} is sealed and can be read ${when(error.retryAfterMs)}`, {
          retryable: true,
          retryAfterMs: error.retryAfterMs,
          cause: error,
        });
      }
    },
  };
}

function when(ms: number): string {
  if (ms >= HOUR_MS) return `in ${(ms / HOUR_MS).toFixed(1)} hours`;
  return ms >= MINUTE_MS ? `in ${Math.ceil(ms / MINUTE_MS)} minutes` : 'at once';
}
