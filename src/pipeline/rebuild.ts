import type { Entry, EntryStream } from '../archive/entry.ts';
import { mergeStreams, type Meeting } from '../archive/merge.ts';
import { IntegrityError } from '../errors/errors.ts';
import { DeltaApplier, type Basis } from '../rsync/patch.ts';
import { toScreen, type BytePath } from '../util/bytepath.ts';
import { scratchPool } from './scratch.ts';
import type { Spool } from './spool.ts';

/** Takes content block by block; a block is valid only during the call. */
export type Take = (block: Buffer) => void;

/**
 * A tree as it was at some time, rebuilt from the entry streams of a full set and its increments (oldest first):
 * entries in index order, each with its newest metadata; deleted paths are left out.
 */
export interface RebuiltTree {
  next(): Promise<Entry | undefined>;
  /** The content of the regular file that `next` gave last. At most once per entry. */
  content(take: Take): Promise<void>;
  close(): Promise<void>;
}

interface RebuildOptions {
  /** An entry cannot be rebuilt and is left out, unless this throws. */
  readonly onDamage: (error: IntegrityError) => void;
  /** For files that deltas are applied to; what does not fit goes through the spool. */
  readonly memoryBytes?: number;
}

export function rebuildTree(
  streams: readonly EntryStream[],
  spool: Spool,
  { onDamage, memoryBytes }: RebuildOptions,
): RebuiltTree {
  const merged = mergeStreams(streams);
  const makeScratch = scratchPool(spool, memoryBytes);
  /** Streams that hold the current entry, from its last complete state to the newest delta. */
  let layers: readonly EntryStream[] = [];
  let current: Entry | undefined;

  async function next(): Promise<Entry | undefined> {
    for (;;) {
      const found = await meet();
      if (found === undefined) return undefined;
      const entries = found.holders.map((i) => ({ stream: streamAt(i), entry: merged.entryOf(i) }));
      const base = entries.findLastIndex(({ entry }) => entry.kind !== 'diff');
      if (base < 0) {
        onDamage(damaged(found.path, 'the archive holds only a delta for it, not the content the delta belongs to'));
        continue;
      }
      const chain = entries.slice(base);
      const newest = chain.at(-1)?.entry;
      if (newest === undefined || chain[0]?.entry.kind === 'deleted') {
        if (chain.length > 1) onDamage(damaged(found.path, 'the archive holds a delta for a file it says was deleted'));
        continue;
      }
      layers = chain.map(({ stream }) => stream);
      current = newest.kind === 'diff' ? { ...newest, kind: 'snapshot' } : newest;
      return current;
    }
  }

  /** The next path that any stream holds; a stream that meets damage goes on behind it. */
  async function meet(): Promise<Meeting | undefined> {
    for (;;) {
      try {
        const found = merged.next();
        return found instanceof Promise ? await found : found;
      } catch (error) {
        if (!(error instanceof IntegrityError)) throw error;
        onDamage(error);
      }
    }
  }

  function streamAt(index: number): EntryStream {
    const stream = streams[index];
    if (stream === undefined) throw new RangeError(`no stream ${index}`);
    return stream;
  }

  async function content(take: Take): Promise<void> {
    const [base, ...deltas] = layers;
    layers = [];
    if (base === undefined) return;
    if (deltas.length === 0) {
      await drain(base, take);
      return;
    }
    const name = toScreen(current?.path ?? '');
    let state = makeScratch();
    try {
      await drain(base, (block) => state.append(block));
      for (const [i, delta] of deltas.entries()) {
        const last = i === deltas.length - 1;
        const after = makeScratch();
        try {
          await applyDelta(delta, state, last ? take : (block) => after.append(block), name);
        } catch (error) {
          after.dispose();
          throw error;
        }
        state.dispose();
        state = after;
      }
    } finally {
      state.dispose();
    }
  }

  return { next, content, close: async () => void (await Promise.all(streams.map((stream) => stream.close()))) };
}

function damaged(path: BytePath, reason: string): IntegrityError {
  return new IntegrityError('DAMAGED', `${toScreen(path)} cannot be rebuilt: ${reason}.`);
}

async function drain(stream: EntryStream, take: Take): Promise<void> {
  for (;;) {
    let block = stream.read();
    if (block instanceof Promise) block = await block;
    if (block === undefined) return;
    take(block);
  }
}

async function applyDelta(stream: EntryStream, basis: Basis, take: Take, name: string): Promise<void> {
  const applier = new DeltaApplier(basis, take);
  try {
    await drain(stream, (block) => applier.push(block));
    applier.finish();
  } catch (error) {
    if (!(error instanceof IntegrityError)) throw error;
    throw new IntegrityError(error.code, `The delta of ${name} is damaged: ${error.message}`, { cause: error });
  }
}
