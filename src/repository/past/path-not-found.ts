import type { BackupSet } from '../../collections/sets.ts';
import { DuplicityError, LocalError } from '../../errors/errors.ts';
import { type BytePath, bytePath, isWithin, joinPath, ROOT, toScreen } from '../../util/bytepath.ts';
import { formatStamp } from '../../util/time.ts';
import type { PastState } from './past-tree.ts';
import { readSetManifest } from '../metadata/read-manifest.ts';
import type { Repository } from '../repository.ts';
import { openSetContents } from './set-contents.ts';

/** Names alike that are shown. */
const MOST_ALIKE = 3;
const USUAL_HINT = 'Paths are relative to the root of the backup; list-current-files shows them.';

/** The failure of a restore or verification of something that is not in the archive, with what may have been meant. */
export async function pathNotFound(
  repository: Repository,
  state: PastState,
  paths: readonly BytePath[],
): Promise<LocalError> {
  const names = paths.map(toScreen).join(' and ');
  const hint = await advice(repository, state, paths).catch((error: unknown) => {
    // What would have helped is damaged or out of reach: the failure stays what it is.
    if (!(error instanceof DuplicityError)) throw error;
    return undefined;
  });
  return new LocalError('RESTORE_PATH_NOT_FOUND', `${names} not found in archive - no files restored.`, {
    hint: hint ?? USUAL_HINT,
  });
}

async function advice(
  repository: Repository,
  state: PastState,
  paths: readonly BytePath[],
): Promise<string | undefined> {
  const [newest] = state.sets.slice(-1);
  if (newest === undefined) return undefined;
  const { localDir } = await readSetManifest(repository, newest);
  const within = paths.map((path) => belowSource(path, localDir)).find((path) => path !== undefined);
  if (within !== undefined) {
    return `Paths are relative to ${toScreen(localDir ?? '')}, which was backed up: name ${toScreen(within)} instead.`;
  }
  return (await fromLists(repository, state, paths)) ?? undefined;
}

/** The path from the root of the backup, where it was given with all that lies above it. */
function belowSource(path: BytePath, localDir: BytePath | undefined): BytePath | undefined {
  const top = localDir?.replace(/^\//, '') ?? '';
  return top !== '' && path !== top && isWithin(path, top) ? bytePath(path.slice(top.length + 1)) : undefined;
}

/** What the lists of changed files tell: when it was there, or what is called nearly so. */
async function fromLists(
  repository: Repository,
  { sets, chain }: PastState,
  paths: readonly BytePath[],
): Promise<string | undefined> {
  const alike = new Set<BytePath>();
  const base = (path: string): string => path.slice(path.lastIndexOf('/') + 1).toLowerCase();
  const wantedNames = new Set(paths.map(base));
  const mayBeAlike = (path: string): boolean => {
    const lower = path.toLowerCase();
    for (const name of wantedNames) if (lower.includes(name)) return true;
    return false;
  };
  let gone: BackupSet | undefined;
  let before: BackupSet | undefined;
  for (const [i, set] of chain.entries()) {
    const contents = await openSetContents(repository, set);
    let isStored = false;
    let isDeleted = false;
    try {
      await contents.each((change, path) => {
        if (paths.some((wanted) => isWithin(path, wanted))) {
          if (change === 'deleted') isDeleted = true;
          else isStored = true;
        }
        if (change === 'deleted') alike.delete(path);
        else if (alike.size < MOST_ALIKE && mayBeAlike(path)) {
          const named = parts(path).find((part) => wantedNames.has(base(part)));
          if (named !== undefined) alike.add(named);
        }
      });
    } finally {
      contents.release();
    }
    if (!sets.includes(set)) {
      if (isStored) return `It is there from the backup of ${formatStamp(set.end)} on: name that time with --time.`;
    } else if (isDeleted && !isStored) [gone, before] = [set, chain[i - 1]];
  }
  if (gone !== undefined && before !== undefined) {
    const [last, first] = [formatStamp(before.end), formatStamp(gone.end)];
    return `It was gone in the backup of ${first}; the one before has it: add --time ${last}.`;
  }
  if (alike.size === 0) return undefined;
  return `Did you mean ${[...alike].map(toScreen).join(', or ')}? Paths are relative to the root of the backup.`;
}

/** A path and the directories above it. */
function parts(path: BytePath): readonly BytePath[] {
  const found: BytePath[] = [];
  let at: BytePath = ROOT;
  for (const name of path.split('/')) found.push((at = joinPath(at, bytePath(name))));
  return found;
}
