import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** How many threads to start beside the main one: one less than processors, `most` at most. */
export function threadsThatPay(most: number): number {
  return isAddressSpaceLimited() ? 0 : Math.min(most, availableParallelism() - 1);
}

/** V8 ends the process, and not only the thread, when it gets no addresses for it. */
function isAddressSpaceLimited(): boolean {
  try {
    return !/^Max address space +unlimited/m.test(readFileSync('/proc/self/limits', 'latin1'));
  } catch {
    return false;
  }
}
