import type { Entry, EntryStream } from '../../archive/entry.ts';
import { mergeStreams, type Meeting } from '../../archive/merge.ts';
import { IntegrityError } from '../../errors/errors.ts';
import { DeltaApplier, type Basis } from '../../rsync/patch.ts';
import { type BytePath, shown, ROOT } from '../../util/bytepath.ts';
import { type Scratch, scratchPool } from './scratch.ts';
import type { Soon } from '../../util/soon.ts';
import type { Spool } from '../spool.ts';

const BLOCK_BYTES = 64 * 1024;
const NO_STREAMS: readonly EntryStream[] = [];

/** Takes content block by block; a block is valid only during the call. */
export type Take = (block: Buffer) => void;

/**
 * A tree as it was at some time, rebuilt from the entry streams of a full set and its increments (oldest first):
 * entries in index order, each with its newest metadata; deleted paths are left out.
 */
export interface RebuiltTree {
  next(): Soon<Entry | undefined>;
  /** The content of the regular file that `next` gave last. At most once per entry. */
  content(take: Take): Soon<void>;
  /** The same for whoever wants to be asked: a block is valid until the next one is. */
  blocks(): AsyncIterable<Buffer>;
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
  /** The stream that holds the last complete state of the current entry, and those with deltas for it, oldest first. */
  let base: EntryStream | undefined;
  let deltas: readonly EntryStream[] = NO_STREAMS;
  let current: Entry | undefined;

  function next(): Soon<Entry | undefined> {
    for (;;) {
      let found: Soon<Meeting | undefined>;
      try {
        found = merged.next();
      } catch (error) {
        passOver(error);
        continue;
      }
      if (found instanceof Promise) return nextLater(found);
      if (found === undefined) return undefined;
      const entry = stateOf(found);
      if (entry !== undefined) return entry;
    }
  }

  async function nextLater(first: Promise<Meeting | undefined>): Promise<Entry | undefined> {
    let found: Meeting | undefined;
    try {
      found = await first;
    } catch (error) {
      passOver(error);
      return next();
    }
    return found === undefined ? undefined : (stateOf(found) ?? next());
  }

  /** A stream that meets damage goes on behind it. */
  function passOver(error: unknown): void {
    if (!(error instanceof IntegrityError)) throw error;
    onDamage(error);
  }

  /** What the streams that hold a path make of it; undefined when it is deleted or cannot be rebuilt. */
  function stateOf({ path, holders }: Meeting): Entry | undefined {
    const newest = merged.entryOf(holders.at(-1) ?? 0);
    let first = holders.length - 1;
    while (first >= 0 && merged.entryOf(holders[first] ?? 0).kind === 'diff') first--;
    const oldest = holders[first];
    if (oldest === undefined) {
      onDamage(damaged(path, 'the archive holds only a delta for it, not the content the delta belongs to'));
      return undefined;
    }
    const hasDeltas = first < holders.length - 1;
    if (merged.entryOf(oldest).kind === 'deleted') {
      if (hasDeltas) onDamage(damaged(path, 'the archive holds a delta for a file it says was deleted'));
      return undefined;
    }
    base = streamAt(oldest);
    deltas = hasDeltas ? holders.slice(first + 1).map(streamAt) : NO_STREAMS;
    current = hasDeltas ? { ...newest, kind: 'snapshot' } : newest;
    return current;
  }

  function streamAt(index: number): EntryStream {
    const stream = streams[index];
    if (stream === undefined) throw new RangeError(`no stream ${index}`);
    return stream;
  }

  function content(take: Take): Soon<void> {
    const from = base;
    base = undefined;
    if (from === undefined) return;
    return deltas === NO_STREAMS ? drain(from, take) : patched(from, deltas, take);
  }

  async function patched(from: EntryStream, steps: readonly EntryStream[], take: Take): Promise<void> {
    const state = await stateAfter(from, steps.slice(0, -1), { makeScratch, name: nameOfCurrent() });
    try {
      for (const delta of steps.slice(-1)) await applyDelta(delta, state, take, nameOfCurrent());
    } finally {
      state.dispose();
    }
  }

  async function* blocks(): AsyncGenerator<Buffer> {
    const from = base;
    base = undefined;
    if (from === undefined) return;
    if (deltas === NO_STREAMS) {
      for (let block = await from.read(); block !== undefined; block = await from.read()) yield block;
      return;
    }
    // One delta may copy any amount: what nobody has asked for yet is not to fill memory.
    const state = await stateAfter(from, deltas, { makeScratch, name: nameOfCurrent() });
    try {
      const block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
      for (let at = 0, length = state.read(block, 0); length > 0; length = state.read(block, at)) {
        at += length;
        yield block.subarray(0, length);
      }
    } finally {
      state.dispose();
    }
  }

  function nameOfCurrent(): string {
    return shown(current?.path ?? ROOT);
  }

  return {
    next,
    content,
    blocks,
    close: async () => void (await Promise.all(streams.map((stream) => stream.close()))),
  };
}

function damaged(path: BytePath, reason: string): IntegrityError {
  return new IntegrityError('DAMAGED', `${shown(path)} cannot be rebuilt: ${reason}.`);
}

/** Gives the body of the current entry to `take`. */
export function drain(stream: EntryStream, take: Take): Soon<void> {
  for (;;) {
    const block = stream.read();
    if (block instanceof Promise) return drainLater(stream, take, block);
    if (block === undefined) return;
    take(block);
  }
}

async function drainLater(stream: EntryStream, take: Take, first: Promise<Buffer | undefined>): Promise<void> {
  for (let block = await first; block !== undefined;) {
    take(block);
    const next = stream.read();
    block = next instanceof Promise ? await next : next;
  }
}

/** The content of `from` with these deltas applied, oldest first, to be disposed of; `name` is for messages. */
export async function stateAfter(
  from: EntryStream,
  deltas: readonly EntryStream[],
  { makeScratch, name }: { readonly makeScratch: () => Scratch; readonly name: string },
): Promise<Scratch> {
  let state = makeScratch();
  try {
    await drain(from, (block) => state.append(block));
    for (const delta of deltas) {
      const after = makeScratch();
      try {
        await applyDelta(delta, state, (block) => after.append(block), name);
      } catch (error) {
        after.dispose();
        throw error;
      }
      state.dispose();
      state = after;
    }
    return state;
  } catch (error) {
    state.dispose();
    throw error;
  }
}

/** Applies the delta that is the body of the current entry; `name` is for messages. */
export async function applyDelta(stream: EntryStream, basis: Basis, take: Take, name: string): Promise<void> {
  const applier = new DeltaApplier(basis, take);
  await readDelta(stream, applier, name);
}

/** Gives the delta that is the body of the current entry to whoever reads its commands. */
export async function readDelta(
  stream: EntryStream,
  reader: Pick<DeltaApplier, 'push' | 'finish'>,
  name: string,
): Promise<void> {
  try {
    await drain(stream, (block) => reader.push(block));
    reader.finish();
  } catch (error) {
    if (!(error instanceof IntegrityError)) throw error;
    throw new IntegrityError(error.code, `The delta of ${name} is damaged: ${error.message}`, { cause: error });
  }
}
