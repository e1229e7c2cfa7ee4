import type { EntryStream } from '../../archive/entry.ts';
import type { FileChange } from '../../archive/manifest/manifest.ts';
import { type Meeting, mergeStreams } from '../../archive/merge.ts';
import { IntegrityError } from '../../errors/errors.ts';
import { type BytePath, shown } from '../../util/bytepath.ts';
import type { Soon } from '../../util/soon.ts';
import { type PieceOptions, PieceWriter } from '../pack/piece-writer.ts';
import type { Spool } from '../spool.ts';
import { stateAfter } from '../unpack/rebuild.ts';
import { type Scratch, scratchPool } from '../unpack/scratch.ts';
import { bodyFrom, bodyOf } from './bodies.ts';
import { composedDelta } from './composed-delta.ts';
import type { ListCursor } from './list-cursor.ts';

/** Increments that follow one another, oldest first. */
export interface SquashedIncrement {
  /** Its volumes. */
  readonly entries: EntryStream;
  /** The list of changed files in its manifest. */
  readonly list: ListCursor;
}

interface SquashOptions extends PieceOptions {
  readonly spool: Spool;
  /** Hears of regular files, in index order, as for one increment from the first to the last. */
  readonly onFile: (change: FileChange, path: BytePath) => void;
  /** For contents and deltas that are put together; what does not fit goes through the spool. */
  readonly memoryBytes?: number | undefined;
}

/** Entries after which others get their turn. */
const STRIDE = 256;

/**
 * Puts into volumes what several increments do one after the other, as one increment. Of each path the newest entry counts;
 * deltas on deltas become one delta, without the content they are based on. A deletion stays even where an earlier one of
 * the increments has made the path: there may have been another there before.
 */
export async function squashEntries(
  increments: readonly SquashedIncrement[],
  { spool, onFile, memoryBytes, ...options }: SquashOptions,
): Promise<void> {
  const streams = increments.map(({ entries }) => entries);
  const merged = mergeStreams(streams);
  const pieces = new PieceWriter(options);
  const makeScratch = scratchPool(spool, memoryBytes);

  for (let step = 1; ; step++) {
    let found = merged.next();
    if (found instanceof Promise) found = await found;
    if (found === undefined) return;
    if (step % STRIDE === 0) await options.pause();
    const stored = store(found);
    if (stored instanceof Promise) await stored;
  }

  function store(meeting: Meeting): Soon<void> {
    const { path, holders } = meeting;
    const last = holders.at(-1) ?? 0;
    const newest = merged.entryOf(last);
    if (newest.kind === 'diff') return storeChanged(meeting);
    if (newest.kind === 'snapshot' && newest.meta.type === 'reg') {
      onFile('new', path);
      return pieces.add(newest, bodyOf(streamAt(last)));
    }
    const was = wasFile(meeting);
    if (was instanceof Promise) return was.then(tell);
    return tell(was);

    function tell(isGone: boolean): Soon<void> {
      if (isGone) onFile('deleted', path);
      return pieces.addBare(newest);
    }
  }

  /** The newest entry is a delta. */
  function storeChanged({ path, holders }: Meeting): Soon<void> {
    const newest = merged.entryOf(holders.at(-1) ?? 0);
    const first = holders.findLastIndex((holder) => merged.entryOf(holder).kind !== 'diff');
    const deltas = holders.slice(first + 1).map(streamAt);
    const making = { makeScratch, name: shown(path) };
    const [only] = deltas;
    if (first < 0) {
      onFile('changed', path);
      if (only !== undefined && deltas.length === 1) return pieces.add(newest, bodyOf(only));
      return addFrom(() => composedDelta(deltas, making));
    }
    const base = holders[first] ?? 0;
    const { kind, meta } = merged.entryOf(base);
    if (kind !== 'snapshot' || meta.type !== 'reg') throw noBase(path);
    onFile('new', path);
    return addFrom(() => stateAfter(streamAt(base), deltas, making), 'snapshot');

    async function addFrom(make: () => Promise<Scratch>, as: 'snapshot' | 'diff' = 'diff'): Promise<void> {
      const content = await make();
      try {
        await pieces.add({ ...newest, kind: as }, bodyFrom(content));
      } finally {
        content.dispose();
      }
    }
  }

  /** Whether a regular file was there before the first of the increments that name the path. */
  function wasFile({ path, holders }: Meeting): Soon<boolean> {
    const [oldest = 0] = holders;
    const { kind, meta } = merged.entryOf(oldest);
    if (kind === 'diff') return true;
    if (kind === 'snapshot' && meta.type === 'reg') return false;
    const change = increments[oldest]?.list.changeOf(path);
    return change instanceof Promise ? change.then(isDeletion) : isDeletion(change);
  }

  function streamAt(index: number): EntryStream {
    const stream = streams[index];
    if (stream === undefined) throw new RangeError(`no stream ${index}`);
    return stream;
  }
}

function isDeletion(change: FileChange | undefined): boolean {
  return change === 'deleted';
}

function noBase(path: BytePath): IntegrityError {
  return new IntegrityError('DAMAGED', `${shown(path)} is damaged: a delta follows on what is no regular file.`);
}
