import type { Ended } from './failure.ts';

/**
 * `run`, of which several calls may be under way, until one ends with an answer that `isBusy`: from then on one goes after
 * the other, and that one is made again when the others have ended.
 */
export function takingTurns<A extends readonly unknown[]>(
  run: (...args: A) => Promise<Ended>,
  isBusy: (ended: Ended) => boolean,
): (...args: A) => Promise<Ended> {
  const underWay = new Set<Promise<unknown>>();
  let last: Promise<unknown> | undefined;

  function inTurn(args: A): Promise<Ended> {
    last ??= Promise.resolve();
    const mine = last.then(() => Promise.allSettled(underWay)).then(() => run(...args));
    last = mine.catch(() => undefined);
    return mine;
  }

  return async (...args) => {
    if (last !== undefined) return inTurn(args);
    const call = run(...args);
    underWay.add(call);
    const ended = await call.finally(() => underWay.delete(call));
    return isBusy(ended) ? inTurn(args) : ended;
  };
}

/** Calls of which one goes alone until something is known to be good: until one has succeeded. */
export interface OneUntilGood {
  call<T>(work: () => Promise<T>): Promise<T>;
  /** It is known otherwise. */
  isGood(): void;
}

export function oneUntilGood(isKnown: boolean): OneUntilGood {
  let isGood = isKnown;
  let first: Promise<void> | undefined;
  return {
    isGood: () => void (isGood = true),
    async call(work) {
      if (isGood) return work();
      if (first !== undefined) {
        await first;
        return this.call(work);
      }
      const done = work();
      first = done.then(
        () => this.isGood(),
        () => undefined,
      );
      try {
        return await done;
      } finally {
        first = undefined;
      }
    },
  };
}
