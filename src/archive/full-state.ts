import { passing, type Soon } from '../util/soon.ts';
import type { BytePath } from '../util/bytepath.ts';
import type { Entry, EntryStream } from './entry.ts';
import { type Meeting, mergeStreams } from './merge.ts';

/** The state after several signature archives, of which the first is that of a full backup. */
export interface FullState extends EntryStream {
  /** Whether the full backup has an entry for the path of the current one. */
  readonly inFull: boolean;
  /** Whether that entry is the newest of its path. */
  readonly isOfFull: boolean;
  /** Otherwise: the next block of its body, where `read` gives the newest one's. */
  readOfFull(): Soon<Buffer | undefined>;
  /** Otherwise: whether it says the same, its body apart. */
  readonly isLikeFull: boolean;
}

interface FullStateOptions {
  /** Oldest first. */
  readonly streams: readonly EntryStream[];
  /** Hears of paths that the full backup holds and that are gone since, in index order among those of the stream. */
  readonly onGone: (path: BytePath) => void;
}

/** As `rolledForward`, and tells which entries are those of the full backup. */
export function fullState({ streams, onGone }: FullStateOptions): FullState {
  const merge = mergeStreams(streams);
  let holders: readonly number[] = [];
  const newest = (): number => holders.at(-1) ?? 0;

  function entryAt(meeting: Meeting): Entry | undefined {
    ({ holders } = meeting);
    const entry = merge.entryOf(newest());
    if (entry.kind !== 'deleted') return entry;
    if (holders[0] === 0) onGone(meeting.path);
    return undefined;
  }

  return {
    next: passing(() => merge.next(), entryAt),
    read: () => merge.read(newest()),
    close: () => merge.close(),
    get inFull() {
      return holders[0] === 0;
    },
    get isOfFull() {
      return newest() === 0;
    },
    readOfFull: () => merge.read(0),
    get isLikeFull() {
      return holders[0] === 0 && isAlike(merge.entryOf(newest()), merge.entryOf(0));
    },
  };
}

/** Whether nothing but the body can differ. */
function isAlike(is: Entry, was: Entry): boolean {
  return is.kind === was.kind && ATTRIBUTES.every((name) => is.meta[name] === was.meta[name]);
}

const ATTRIBUTES = ['type', 'mode', 'uid', 'gid', 'uname', 'gname', 'mtime', 'link', 'major', 'minor'] as const;
