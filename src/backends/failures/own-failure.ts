import type { Bytes } from '../backend.ts';

/** Remembers what failed on the caller's side of a transfer: that is the error to report, not what it did to the wire. */
export interface OwnFailure {
  /** The body, as it is. */
  watch(bytes: Bytes): Bytes;
  /** The taker. */
  note<T>(work: Promise<T>): Promise<T>;
  /** The outcome of the transfer; the noted failure, if there was one, in place of its own. */
  first<T>(transfer: Promise<T>, signal: AbortSignal): Promise<T>;
}

export function ownFailure(): OwnFailure {
  let failed: { readonly error: unknown } | undefined;
  return {
    async *watch(bytes) {
      const source = bytes[Symbol.asyncIterator]();
      try {
        for (;;) {
          // Not around the yield: a stream throws in there what broke the wire.
          const next = await source.next().catch((error: unknown) => {
            failed = { error };
            throw error;
          });
          if (next.done === true) return;
          yield next.value;
        }
      } finally {
        await source.return?.();
      }
    },
    async note(work) {
      try {
        return await work;
      } catch (error) {
        failed = { error };
        throw error;
      }
    },
    async first(transfer, signal) {
      try {
        return await transfer;
      } catch (error) {
        throw failed === undefined || signal.aborted ? error : failed.error;
      }
    },
  };
}
