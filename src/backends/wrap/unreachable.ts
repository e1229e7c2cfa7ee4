import type { Backend } from '../backend.ts';

/** A place that could not be opened, for who wants to hear why from each call. */
export function unreachable(reason: Error): Backend {
  const fail = (): Promise<never> => Promise.reject(reason);
  return {
    traits: { parallel: 1, atomicPut: false, consistentList: false },
    put: fail,
    get: fail,
    list: () => ({ [Symbol.asyncIterator]: () => ({ next: fail }) }),
    delete: fail,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
