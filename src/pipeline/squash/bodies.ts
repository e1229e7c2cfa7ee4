import type { EntryStream } from '../../archive/entry.ts';
import type { Basis } from '../../rsync/patch.ts';
import type { Soon } from '../../util/soon.ts';
import type { MemberBody } from '../pack/piece-writer.ts';

/** The body of the current entry as it is. */
export function bodyOf(stream: EntryStream): MemberBody {
  let block: Buffer | undefined;
  let at = 0;
  let isEnded = false;

  function fill(into: Buffer, from = 0): Soon<number> {
    let filled = from;
    while (filled < into.length && !isEnded) {
      if (block !== undefined && at < block.length) {
        const copied = block.copy(into, filled, at);
        at += copied;
        filled += copied;
        continue;
      }
      const next = stream.read();
      if (next instanceof Promise) return next.then(take).then(() => fill(into, filled));
      take(next);
    }
    return filled;
  }

  function take(next: Buffer | undefined): void {
    block = next;
    at = 0;
    isEnded = next === undefined;
  }

  return { fill: (into) => fill(into) };
}

/** A content that is there as a whole. */
export function bodyFrom(content: Basis): MemberBody {
  let position = 0;
  return {
    fill(into) {
      let filled = 0;
      while (filled < into.length) {
        const length = content.read(into.subarray(filled), position);
        if (length === 0) break;
        filled += length;
        position += length;
      }
      return filled;
    },
  };
}
