import type { EpochSeconds } from '../../util/time.ts';
import { pastEntry } from './past-entry.ts';
import { lockArchive } from '../../repository/lock.ts';
import { openSignatures } from '../../repository/metadata/open-signatures.ts';
import { findPastListing } from '../../repository/past/past-listing.ts';
import type { Repository } from '../../repository/repository.ts';

export interface ListOptions {
  /** By default the newest. */
  readonly time?: EpochSeconds | undefined;
  /** Events with mode, owner, link and size, too: a list of very many entries takes twice as long. */
  readonly details?: boolean;
}

export interface ListResult {
  /** Of the set whose state it is. */
  readonly time: EpochSeconds;
  readonly entries: number;
}

/** Tells the paths of the state of a time, from the signatures alone: an event for each. */
export async function list(repository: Repository, { time, details = false }: ListOptions): Promise<ListResult> {
  using lock = await lockArchive(repository);
  void lock;
  const listing = await findPastListing(repository, time);
  const state = openSignatures(repository, listing);
  let entries = 0;
  try {
    for (;;) {
      let entry = state.next();
      if (entry instanceof Promise) entry = await entry;
      if (entry === undefined) return { time: listing.end, entries };
      entries++;
      const { path, meta } = entry;
      if (details) repository.emit({ kind: 'listed', ...(await pastEntry(entry, state)) });
      else repository.emit({ kind: 'listed', path, type: meta.type, mtime: meta.mtime });
    }
  } finally {
    await state.close();
  }
}
