import type { FileChange } from '../../archive/manifest/manifest.ts';
import type { Collection } from '../../collections/collection.ts';
import { byTime } from '../../collections/listing.ts';
import { signaturesBySet, type SetSignatures } from '../../collections/lookup.ts';
import { restorableBeside, restorableSets } from '../../collections/restorable.ts';
import type { BackupSet } from '../../collections/sets.ts';
import { emitWarnings, loadCollection } from '../../repository/load-collection.ts';
import { lockArchive } from '../../repository/lock.ts';
import { openSetSignatures } from '../../repository/metadata/open-signatures.ts';
import { openSetContents } from '../../repository/past/set-contents.ts';
import type { Repository } from '../../repository/repository.ts';
import { type BytePath, comparePaths } from '../../util/bytepath.ts';
import type { EpochSeconds } from '../../util/time.ts';
import { pastEntry, type PastEntry } from './past-entry.ts';

/** What a set did to a path. */
export interface Version {
  /** Of the set: with it the path is restored as it was then. */
  readonly time: EpochSeconds;
  readonly set: 'full' | 'inc';
  /** A full stores all that there is anew: `new` there says only that the path was there. */
  readonly kind: FileChange;
  /** As it is from then on, where signatures tell it. */
  readonly entry: PastEntry | undefined;
}

/** What a set says of a path. */
interface Said {
  readonly isThere: boolean;
  readonly entry: PastEntry | undefined;
}

/**
 * All sets that can be restored and changed a path, oldest first: from their signatures, else from the lists of changed files
 * in their manifests, which know regular files only. Volumes are not read, and nothing is brought to the archive dir.
 */
export async function versions(repository: Repository, path: BytePath): Promise<readonly Version[]> {
  using lock = await lockArchive(repository);
  void lock;
  const collection = await loadCollection(repository);
  emitWarnings(repository, collection);
  const signaturesIn = signaturesBySet(collection);
  /** Whether the path is there after the set of that time. */
  const states = new Map<EpochSeconds, boolean>();
  let wasThere = false;
  const found: Version[] = [];
  for (const set of setsOf(collection)) {
    const { type, end } = set;
    const signatures = signaturesIn(set);
    const said = await (signatures === undefined
      ? saidInManifest(repository, set, path)
      : saidInSignatures(repository, signatures, path));
    const before: boolean = type === 'full' ? wasThere : (states.get(set.start) ?? wasThere);
    const isThere: boolean = said?.isThere ?? (type === 'inc' && before);
    if (said?.isThere === true) {
      found.push({ time: end, set: type, kind: type === 'inc' && before ? 'changed' : 'new', entry: said.entry });
    } else if (before && !isThere) {
      found.push({ time: end, set: type, kind: 'deleted', entry: undefined });
    }
    states.set(end, isThere);
    wasThere = isThere;
  }
  return found;
}

function setsOf({ chains, ahead }: Collection): readonly BackupSet[] {
  return [...chains, ...ahead].flatMap((chain) => [...restorableSets(chain), ...restorableBeside(chain)]).sort(byTime);
}

async function saidInSignatures(
  repository: Repository,
  signatures: SetSignatures,
  path: BytePath,
): Promise<Said | undefined> {
  const stream = openSetSignatures(repository, signatures);
  try {
    for (;;) {
      const next = stream.next();
      const entry = next instanceof Promise ? await next : next;
      const order = entry === undefined ? 1 : comparePaths(entry.path, path);
      if (entry === undefined || order > 0) return undefined;
      if (order < 0) continue;
      if (entry.kind === 'deleted') return { isThere: false, entry: undefined };
      return { isThere: true, entry: await pastEntry(entry, stream) };
    }
  } finally {
    await stream.close();
  }
}

async function saidInManifest(repository: Repository, set: BackupSet, path: BytePath): Promise<Said | undefined> {
  const contents = await openSetContents(repository, set);
  let last: FileChange | undefined;
  try {
    await contents.each((change, changed) => {
      if (changed === path) last = change;
    });
  } finally {
    contents.release();
  }
  return last === undefined ? undefined : { isThere: last !== 'deleted', entry: undefined };
}
