import { setKey } from '../../../collections/listing.ts';
import type { SetId } from '../../../collections/sets.ts';
import { CannotCopyError } from '../../../errors/errors.ts';
import type { Copies, TakenOver } from '../../../pipeline/pack/set-writer.ts';
import type { Remote } from '../../../pipeline/remote.ts';
import type { Repository } from '../../../repository/repository.ts';

/** Copies volumes in their place, and tells what came of it. */
export interface VolumeCopies extends Copies {
  /** By the order in which they were done. */
  readonly taken: readonly TakenOver[];
  /** False once the store has shown that it cannot. */
  readonly canCopy: () => boolean;
}

/**
 * Lets the store copy. A volume that it does not copy is fetched and sent, which costs no more than to make it anew would;
 * where it copies nothing no other is begun.
 */
export function volumeCopies(
  { emit }: Pick<Repository, 'emit'>,
  remote: Remote,
  { asLink, set }: { readonly asLink: boolean; readonly set: SetId },
): VolumeCopies {
  const taken: TakenOver[] = [];
  let isUntried = true;
  let isTold = false;
  return {
    taken,
    originOf: ({ number, madeAt }) => ({ set: setKey(set), volume: number, made: madeAt }),
    get isUntried() {
      return isUntried;
    },
    canCopy: () => remote.canCopy(),
    async copy(from, to, size) {
      try {
        await remote.copy(from, to, { size, asLink });
        return 'copied';
      } catch (error) {
        if (!(error instanceof CannotCopyError)) throw error;
        const rest = remote.canCopy() ? `${from} is fetched and sent.` : 'What could be reused is stored anew.';
        if (!isTold) emit({ kind: 'notice', text: `The storage does not copy: ${error.message}\n${rest}` });
        isTold = true;
      } finally {
        isUntried = false;
      }
      const file = await remote.fetch(from);
      try {
        await remote.put(to, file.path);
      } finally {
        file.release();
      }
      return 'sent';
    },
    noted: (volume) => void taken.push(volume),
  };
}
