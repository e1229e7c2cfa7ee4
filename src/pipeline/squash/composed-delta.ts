import type { EntryStream } from '../../archive/entry.ts';
import { composer } from '../../rsync/compose.ts';
import { DeltaIndex } from '../../rsync/delta-index.ts';
import { DeltaParser } from '../../rsync/delta-parser.ts';
import { DeltaWriter } from '../../rsync/delta-writer.ts';
import type { Scratch } from '../unpack/scratch.ts';
import { readDelta } from '../unpack/rebuild.ts';

/** The output of a delta as parts of what it is based on. */
interface Indexed {
  readonly index: DeltaIndex;
  dispose(): void;
}

/**
 * One delta that does what the current entries of `deltas`, at least two and oldest first, do one after the other; to be
 * disposed of. `name` is for messages.
 */
export async function composedDelta(
  deltas: readonly EntryStream[],
  { makeScratch, name }: { readonly makeScratch: () => Scratch; readonly name: string },
): Promise<Scratch> {
  let earlier: Indexed | undefined;
  const out = makeScratch();
  try {
    for (const delta of deltas.slice(0, -1)) earlier = await indexed(delta, earlier);
    const [newest] = deltas.slice(-1);
    if (newest === undefined || earlier === undefined) throw new RangeError('there is nothing to compose');
    const writer = new DeltaWriter((block) => out.append(block));
    await readDelta(newest, composer(earlier.index, writer), name);
    writer.finish();
    return out;
  } catch (error) {
    out.dispose();
    throw error;
  } finally {
    earlier?.dispose();
  }

  /** `before` is disposed of where this does not fail. */
  async function indexed(delta: EntryStream, before: Indexed | undefined): Promise<Indexed> {
    const parts = makeScratch();
    const literals = makeScratch();
    const dispose = (): void => {
      parts.dispose();
      literals.dispose();
    };
    try {
      const index = new DeltaIndex(parts, literals);
      await readDelta(delta, before === undefined ? new DeltaParser(index) : composer(before.index, index), name);
      index.finish();
      before?.dispose();
      return { index, dispose };
    } catch (error) {
      dispose();
      throw error;
    }
  }
}
