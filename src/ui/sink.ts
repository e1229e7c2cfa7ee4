import { writeSync } from 'node:fs';

import { LocalError } from '../errors/errors.ts';

/** A place for output bytes. */
export interface Sink {
  write(bytes: Buffer): void;
  /** Throws `LocalError` when something could not be written. */
  close(): void;
}

const RETRY_MS = 2;

/**
 * An open descriptor. Everything is written before `write` returns. A reader that goes away ends the output but never
 * the run, as in the reference; other failures come up in `close`, so that a full disk is not taken for success.
 */
export function fdSink(fd: number): Sink {
  let open = true;
  let failure: Error | undefined;
  return {
    write(bytes) {
      let at = 0;
      while (open && at < bytes.length) {
        try {
          at += writeSync(fd, bytes, at);
        } catch (error) {
          const code = error instanceof Error && 'code' in error ? error.code : undefined;
          if (code === 'EAGAIN') {
            pause();
            continue;
          }
          open = false;
          if (code === 'EPIPE') return;
          failure = error instanceof Error ? error : new Error(String(error));
        }
      }
    },
    close() {
      open = false;
      if (!failure) return;
      const cause = failure;
      failure = undefined;
      throw new LocalError('GENERIC', `Cannot write output to descriptor ${fd}: ${cause.message}.`, { cause });
    },
  };
}

/** Waits for a non-blocking pipe to drain. */
function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
}
