import type { Entry, EntryStream } from '../../../archive/entry.ts';
import { IntegrityError } from '../../../errors/errors.ts';
import type { Soon } from '../../../util/soon.ts';

/**
 * A stream that tells of damage and goes on behind it, or ends with it when it cannot: signatures are dead after damage,
 * volumes are not.
 */
export function tolerantStream(
  inner: EntryStream,
  { goesOn, onDamage }: { readonly goesOn: boolean; readonly onDamage: (error: IntegrityError) => void },
): EntryStream {
  let isDead = false;

  function next(): Soon<Entry | undefined> {
    for (;;) {
      if (isDead) return undefined;
      try {
        const entry = inner.next();
        return entry instanceof Promise ? entry.catch(passOver) : entry;
      } catch (error) {
        tell(error);
      }
    }
  }

  function passOver(error: unknown): Soon<Entry | undefined> {
    tell(error);
    return next();
  }

  function tell(error: unknown): void {
    if (!(error instanceof IntegrityError)) throw error;
    isDead = !goesOn;
    onDamage(error);
  }

  /** In a body that goes nowhere else damage is told as that of an entry is. */
  function read(): Soon<Buffer | undefined> {
    if (isDead) return undefined;
    if (goesOn) return inner.read();
    try {
      const block = inner.read();
      return block instanceof Promise ? block.catch(endOf) : block;
    } catch (error) {
      return endOf(error);
    }
  }

  function endOf(error: unknown): undefined {
    tell(error);
  }

  return { next, read, close: () => inner.close() };
}
