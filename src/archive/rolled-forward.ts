import type { Soon } from '../util/soon.ts';
import type { Entry, EntryStream } from './entry.ts';
import { type Meeting, mergeStreams } from './merge.ts';

/**
 * The state after the newest of several signature archives, given oldest to newest: of each path the newest entry, and
 * nothing where that says `deleted`. Bodies of older entries are never read. Source: docs/format/signatures.md.
 */
export function rolledForward(streams: readonly EntryStream[]): EntryStream {
  const [only] = streams;
  if (only !== undefined && streams.length === 1) return withoutDeleted(only);
  const merge = mergeStreams(streams);
  let newest = -1;

  function entryAt({ holders }: Meeting): Entry | undefined {
    newest = holders[holders.length - 1] ?? -1;
    const entry = merge.entryOf(newest);
    return entry.kind === 'deleted' ? undefined : entry;
  }

  function next(): Soon<Entry | undefined> {
    for (;;) {
      const meeting = merge.next();
      if (meeting instanceof Promise) return nextLater(meeting);
      if (meeting === undefined) return undefined;
      const entry = entryAt(meeting);
      if (entry !== undefined) return entry;
    }
  }

  async function nextLater(first: Promise<Meeting | undefined>): Promise<Entry | undefined> {
    const meeting = await first;
    return meeting === undefined ? undefined : (entryAt(meeting) ?? next());
  }

  return { next, read: () => merge.read(newest), close: () => merge.close() };
}

/** A single archive, usually of a full set, has nothing to be merged with. */
function withoutDeleted(stream: EntryStream): EntryStream {
  function next(): Soon<Entry | undefined> {
    for (;;) {
      const entry = stream.next();
      if (entry instanceof Promise) return nextLater(entry);
      if (entry?.kind !== 'deleted') return entry;
    }
  }

  async function nextLater(first: Promise<Entry | undefined>): Promise<Entry | undefined> {
    const entry = await first;
    return entry?.kind === 'deleted' ? next() : entry;
  }

  return { next, read: () => stream.read(), close: () => stream.close() };
}
