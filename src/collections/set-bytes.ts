import type { Collection } from './collection.ts';
import { setKey } from './listing.ts';
import type { SetId } from './sets.ts';

/**
 * Finds what is stored of a set on the remote, signatures and metadata included: undefined where the size of one of its
 * files is not known.
 */
export function bytesBySet(
  { remote }: Pick<Collection, 'remote'>,
  sizeOf: (name: string) => number | undefined,
): (set: SetId) => number | undefined {
  const bytes = new Map<string, number | undefined>();
  for (const file of remote) {
    const key = setKey(file);
    const size = sizeOf(file.name);
    const before = bytes.has(key) ? bytes.get(key) : 0;
    bytes.set(key, size === undefined || before === undefined ? undefined : before + size);
  }
  return (set) => (bytes.has(setKey(set)) ? bytes.get(setKey(set)) : 0);
}

/** undefined when one of them is. */
export function sumOfKnown(amounts: readonly (number | undefined)[]): number | undefined {
  return amounts.reduce<number | undefined>(
    (sum, amount) => (sum === undefined || amount === undefined ? undefined : sum + amount),
    0,
  );
}
