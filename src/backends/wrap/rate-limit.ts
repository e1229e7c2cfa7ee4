import { setTimeout as delay } from 'node:timers/promises';

import type { Backend, Body, Bytes } from '../backend.ts';
import { around } from './around.ts';

/**
 * How much of the time before counts for the next bytes. It makes up for timers and readers that wake late, which
 * compression delays by some hundredths of a second, and is less than the second by which tools measure a line. Larger
 * blocks are cut to as much, so that what watches a connection for silence sees it move at any rate.
 */
const BURST_S = 0.25;

/** For tests; `now` in milliseconds, and `sleep` rejects when the signal is aborted. */
export interface Clock {
  now(): number;
  sleep(ms: number, signal: AbortSignal): Promise<unknown>;
}

interface Pace {
  /** The largest piece to ask for at once, in bytes. */
  readonly piece: number;
  /** Resolves when so many bytes may go. Who asks first goes first. */
  wait(bytes: number, signal: AbortSignal): Promise<void>;
}

/** One for all transfers of a run in that direction. */
export interface RateLimits {
  readonly upload?: Pace;
  readonly download?: Pace;
}

/** Bytes per second; 0: no limit. */
export function rateLimits(
  { upload, download }: { readonly upload: number; readonly download: number },
  clock: Clock = PROCESS_CLOCK,
): RateLimits {
  return {
    ...(upload > 0 && { upload: paceOf(upload, clock) }),
    ...(download > 0 && { download: paceOf(download, clock) }),
  };
}

/**
 * `inner`, whose bodies are read and whose files are handed on no faster than that; as it is, where nothing is limited or
 * it limits itself. It sends no file by other means than reading it, and has none to be read in place.
 */
export function withRateLimit(inner: Backend, { upload, download }: RateLimits): Backend {
  if (inner.traits.limitsItself === true || (upload ?? download) === undefined) return inner;
  const outer = around(inner, (_step, _call, run) => run());
  if (upload !== undefined) {
    outer.put = (name, body, call) => inner.put(name, pacedBody(body, upload, call.signal), call);
  }
  if (download === undefined) return outer;
  outer.get = (name, take, call) => inner.get(name, (bytes) => take(paced(bytes, download, call.signal)), call);
  delete outer.localFile;
  const getRange = inner.getRange?.bind(inner);
  if (getRange !== undefined) {
    outer.getRange = (name, start, end, take, call) =>
      getRange(name, start, end, (bytes) => take(paced(bytes, download, call.signal)), call);
  }
  return outer;
}

const PROCESS_CLOCK: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal) => delay(ms, undefined, { signal }),
};

function paceOf(bytesPerSecond: number, clock: Clock): Pace {
  /** When all that has been asked for has gone, in the time of the clock. */
  let busyUntil = Number.NEGATIVE_INFINITY;
  return {
    piece: Math.max(1, Math.floor(bytesPerSecond * BURST_S)),
    async wait(bytes, signal) {
      signal.throwIfAborted();
      const now = clock.now();
      busyUntil = Math.max(busyUntil, now - BURST_S * 1000) + (bytes / bytesPerSecond) * 1000;
      if (busyUntil <= now) return;
      await clock.sleep(busyUntil - now, signal).catch((error: unknown) => {
        signal.throwIfAborted();
        throw error;
      });
    },
  };
}

function pacedBody(body: Body, pace: Pace, signal: AbortSignal): Body {
  return { size: body.size, open: () => paced(body.open(), pace, signal), look: () => body.open() };
}

async function* paced(bytes: Bytes, pace: Pace, signal: AbortSignal): Bytes {
  for await (const block of bytes) {
    for (let at = 0; at < block.length; at += pace.piece) {
      const piece = block.subarray(at, at + pace.piece);
      await pace.wait(piece.length, signal);
      yield piece;
    }
  }
}
