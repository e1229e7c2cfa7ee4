/**
 * `CHAINS=all`: the long form of tests that go through combinations, with every one of them. The suite takes some, so that
 * each value is there at least once.
 */
export const isLong = process.env['CHAINS'] === 'all';

/** All of them in the long form, else those that `isIn` keeps. */
export function some<T>(all: readonly T[], isIn: (item: T, index: number) => boolean): readonly T[] {
  return isLong ? all : all.filter(isIn);
}
