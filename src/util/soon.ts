/**
 * A value that is there at once, or a promise when it has to be waited for. Entry streams answer this way: a promise
 * per 64 KiB block instead of one per entry is what keeps a walk over a million entries fast.
 *
 *     let entry = stream.next();
 *     if (entry instanceof Promise) entry = await entry;
 */
export type Soon<T> = T | Promise<T>;

/** What `act` gives, now when there is nothing to wait for. */
export function after<T>(wait: Soon<void>, act: () => T): Soon<T> {
  return wait instanceof Promise ? wait.then(act) : act();
}

/** What `take` makes of each value that `next` gives; those of which it makes nothing are passed over. */
export function passing<T, R>(
  next: () => Soon<T | undefined>,
  take: (value: T) => R | undefined,
): () => Soon<R | undefined> {
  function pull(): Soon<R | undefined> {
    for (;;) {
      const value = next();
      if (value instanceof Promise) return pullLater(value);
      if (value === undefined) return undefined;
      const taken = take(value);
      if (taken !== undefined) return taken;
    }
  }

  async function pullLater(first: Promise<T | undefined>): Promise<R | undefined> {
    const value = await first;
    return value === undefined ? undefined : (take(value) ?? pull());
  }

  return pull;
}
