import { checkOrigin } from '../backup/base/check-source.ts';
import type { Collection } from '../../collections/collection.ts';
import { allSets } from '../../collections/collection.ts';
import { restorableSets } from '../../collections/restorable.ts';
import { readSetManifest } from '../../repository/metadata/read-manifest.ts';
import type { Repository } from '../../repository/repository.ts';
import { openSource } from '../../repository/source/source-tree.ts';
import type { RootPath } from '../../source/root.ts';
import { type BytePath, toScreen } from '../../util/bytepath.ts';
import { counted } from '../../util/counted.ts';
import { asctime, type EpochSeconds } from '../../util/time.ts';
import { failed, type Finding, ok, warning } from './finding.ts';

/** The newest finished set. */
export function newestTime({ chains, ahead }: Collection): EpochSeconds | undefined {
  const ends = [...chains, ...ahead].flatMap(restorableSets).map(({ end }) => end);
  return ends.length === 0 ? undefined : Math.max(...ends);
}

/** How old the newest set is. */
export function newest({ now }: Repository, collection: Collection): Finding {
  const end = newestTime(collection);
  if (end === undefined) return ok('newest set', 'there is no backup yet');
  const finished = collection.chains.flatMap(restorableSets).length;
  return ok('newest set', `of ${asctime(end)}, ${age(now - end)} old, one of ${finished}`);
}

function age(seconds: number): string {
  if (seconds < 0) return 'not yet';
  if (seconds < 7200) return counted(Math.round(seconds / 60), 'minute');
  return seconds < 172_800 ? counted(Math.round(seconds / 3600), 'hour') : counted(Math.round(seconds / 86_400), 'day');
}

/** What runs that were cut off have left. */
export async function interrupted({ backend, call }: Repository, collection: Collection): Promise<Finding> {
  const about = 'interrupted';
  const { partial, incomplete } = collection;
  const parts: string[] = [];
  if (partial !== undefined) parts.push(`the backup of ${asctime(partial.end)}, which the next one goes on with`);
  const others = incomplete.filter((set) => set !== partial).length;
  if (others > 0) parts.push(`${counted(others, 'incomplete set')} that "cleanup" removes`);
  let uploads = 0;
  if (backend.unfinished !== undefined) for await (const file of backend.unfinished(call)) void (file && uploads++);
  if (uploads > 0) parts.push(`${counted(uploads, 'cut off upload')} that "cleanup" removes`);
  return parts.length === 0 ? ok(about, 'nothing') : warning(about, parts.join('; '));
}

interface SourcePlace {
  readonly source: RootPath;
  readonly absoluteSource: BytePath | undefined;
  readonly mayChangeSource: boolean;
}

/** The tree can be read, and is the one the last set is of. */
export async function source(
  repository: Repository,
  place: SourcePlace,
  collection: Collection | undefined,
): Promise<Finding> {
  const path = toScreen(place.source.path);
  try {
    const rules = { selection: [], copyLinks: false, nullSeparator: false, code: 'BACKUP_DIR_MISSING' } as const;
    openSource({ ...repository, emit: () => undefined }, place.source, rules);
    const last = collection?.active?.chain.sets.at(-1);
    if (place.mayChangeSource || last?.localManifest === undefined) return ok('source', path);
    checkOrigin(repository, await readSetManifest(repository, last), place);
    return ok('source', `${path}, of which the last set is`);
  } catch (error) {
    return failed('source', error);
  }
}

/** Sets that cannot be built on or restored as names tell. */
export function oddSets(collection: Collection): Finding | undefined {
  const unusable = collection.unusable.length;
  const orphaned = collection.orphaned.length;
  if (unusable + orphaned === 0 || allSets(collection).length === 0) return undefined;
  const parts = [
    ...(unusable > 0 ? [`${counted(unusable, 'file')} that are empty or cut off`] : []),
    ...(orphaned > 0 ? [`${counted(orphaned, 'increment')} without a chain`] : []),
  ];
  return warning('sets', parts.join('; '), 'See "collection-status" and "check".');
}
