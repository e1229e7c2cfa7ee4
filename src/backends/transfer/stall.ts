import { setMaxListeners } from 'node:events';

import type { Bytes } from '../backend.ts';

/** For client libraries without a timeout of this kind: a long transfer is no failure as long as it moves. */
export interface Stall extends Disposable {
  /** Of the caller, or aborted because nothing has moved. */
  readonly signal: AbortSignal;
  /** Set when nothing has moved: what to report, whatever the library made of it. */
  readonly failure: Error | undefined;
  readonly moved: () => void;
  /** The same bytes; the time that the reader takes between two of them does not count. */
  watch(bytes: Bytes): Bytes;
}

/** Looks after one exchange until it is disposed of. `timeoutMs` 0: for ever. */
export function stallWatch(signal: AbortSignal, timeoutMs: number): Stall {
  const either = new AbortController();
  // Requests that are sent side by side all listen.
  setMaxListeners(0, either.signal);
  const onAbort = (): void => either.abort(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort);
  let failure: Error | undefined;
  let timer: NodeJS.Timeout | undefined;
  function rest(): void {
    clearTimeout(timer);
  }
  function moved(): void {
    rest();
    if (timeoutMs === 0 || either.signal.aborted) return;
    timer = setTimeout(() => {
      failure = Object.assign(new Error(`nothing has moved for ${timeoutMs / 1000} s`), { code: 'ETIMEDOUT' });
      either.abort(failure);
    }, timeoutMs);
  }
  moved();
  return {
    signal: either.signal,
    get failure() {
      return failure;
    },
    moved,
    async *watch(bytes) {
      moved();
      for await (const block of bytes) {
        rest();
        yield block;
        moved();
      }
      rest();
    },
    [Symbol.dispose]() {
      rest();
      signal.removeEventListener('abort', onAbort);
    },
  };
}
