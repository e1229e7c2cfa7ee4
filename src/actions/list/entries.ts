import type { Entry, EntryStream } from '../../archive/entry.ts';
import { LocalError } from '../../errors/errors.ts';
import { lockArchive } from '../../repository/lock.ts';
import { openSignatures } from '../../repository/metadata/open-signatures.ts';
import { findPastListing } from '../../repository/past/past-listing.ts';
import type { Repository } from '../../repository/repository.ts';
import { type BytePath, comparePaths, isWithin, ROOT, shown } from '../../util/bytepath.ts';
import { asctime, type EpochSeconds } from '../../util/time.ts';
import { pastEntry, type PastEntry } from './past-entry.ts';

export interface EntriesOptions {
  /** By default the newest. */
  readonly time?: EpochSeconds | undefined;
  /** It and what lies below it. By default the root, which is all. */
  readonly path?: BytePath;
  /** Levels below `path`: 0 is it alone, 1 is it and what lies in it. By default all. */
  readonly depth?: number;
}

/**
 * The entries of the state of a time in index order, from the signatures alone: no volume is read. The archive dir is locked
 * until the first one is there; whoever takes them may take his time, and do other things with the repository meanwhile.
 */
export async function* entries(
  repository: Repository,
  { time, path = ROOT, depth = Infinity }: EntriesOptions = {},
): AsyncGenerator<PastEntry> {
  const { state, end, first } = await openState(repository, time);
  let isThere = path === ROOT;
  try {
    for (let entry = first; entry !== undefined;) {
      if (isWithin(entry.path, path)) {
        isThere = true;
        if (levelsBelow(entry.path, path) <= depth) yield await pastEntry(entry, state);
      } else if (comparePaths(entry.path, path) > 0) break;
      const next = state.next();
      entry = next instanceof Promise ? await next : next;
    }
  } finally {
    await state.close();
  }
  if (isThere) return;
  throw new LocalError('RESTORE_PATH_NOT_FOUND', `${shown(path)} is not in the backup of ${asctime(end)}.`, {
    hint: 'Paths are relative to the root of the backup.',
  });
}

interface OpenState {
  readonly state: EntryStream;
  readonly end: EpochSeconds;
  readonly first: Entry | undefined;
}

/** All that is read of the archive dir is open when the first entry is there. */
async function openState(repository: Repository, time: EpochSeconds | undefined): Promise<OpenState> {
  using lock = await lockArchive(repository);
  void lock;
  const listing = await findPastListing(repository, time);
  const state = openSignatures(repository, listing);
  try {
    return { state, end: listing.end, first: await state.next() };
  } catch (error) {
    await state.close();
    throw error;
  }
}

function levelsBelow(path: BytePath, top: BytePath): number {
  if (path === top) return 0;
  let levels = 1;
  const from = top === ROOT ? 0 : top.length + 1;
  for (let at = path.indexOf('/', from); at >= 0; at = path.indexOf('/', at + 1)) levels++;
  return levels;
}
