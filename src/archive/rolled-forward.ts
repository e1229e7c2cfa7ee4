import { passing } from '../util/soon.ts';
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
    return notDeleted(merge.entryOf(newest));
  }

  return { next: passing(() => merge.next(), entryAt), read: () => merge.read(newest), close: () => merge.close() };
}

/** A single archive, usually of a full set, has nothing to be merged with. */
function withoutDeleted(stream: EntryStream): EntryStream {
  const next = passing(() => stream.next(), notDeleted);
  return { next, read: () => stream.read(), close: () => stream.close() };
}

function notDeleted(entry: Entry): Entry | undefined {
  return entry.kind === 'deleted' ? undefined : entry;
}
