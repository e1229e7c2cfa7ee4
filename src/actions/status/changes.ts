import type { FileChange } from '../../archive/manifest/manifest.ts';
import type { BackupChain } from '../../collections/chains.ts';
import { type BackupSet, idOf, type SetId } from '../../collections/sets.ts';
import { UsageError } from '../../errors/errors.ts';
import { readJsonStatistics } from '../../repository/metadata/json-statistics.ts';
import { openSetContents, type SetContents, type TakeChange } from '../../repository/past/set-contents.ts';
import type { Repository } from '../../repository/repository.ts';
import { type BytePath, ROOT } from '../../util/bytepath.ts';
import { examine } from '../../repository/examine.ts';

export interface FileHistoryOptions {
  /** Names that may be meant: the first that a set knows counts. */
  readonly paths: readonly BytePath[];
}

/** What became of one path. */
export interface FileHistory {
  readonly path: BytePath;
  /** The sets that changed it, oldest first. */
  readonly changes: readonly SetChange[];
}

/** What one set did to a file. */
export interface SetChange {
  readonly set: SetId;
  readonly change: FileChange;
}

/** What the sets of the active chain say of one path, from their manifests; undefined when no chain is active. */
export function fileHistory(repository: Repository, { paths }: FileHistoryOptions): Promise<FileHistory | undefined> {
  return examine(repository, async ({ active }) => {
    if (active === undefined) return undefined;
    const found = new Map(paths.map((path): [BytePath, SetChange[]] => [path, []]));
    for (const set of finished(active.chain)) {
      const last = new Map<BytePath, FileChange>();
      const contents = await openSetContents(repository, set);
      try {
        await contents.each((change, changed) => {
          if (found.has(changed)) last.set(changed, change);
        });
      } finally {
        contents.release();
      }
      for (const [path, change] of last) found.get(path)?.push({ set: idOf(set), change });
    }
    const [path, changes] = [...found].find(([, known]) => known.length > 0) ?? [paths[0] ?? ROOT, []];
    return { path, changes };
  });
}

export interface ChangesOptions {
  /** Counts back from the newest set of the active chain, 0; a negative one counts from the oldest, -1. */
  readonly index: number | 'all';
}

/** The files that one set changed, which may be too many for memory. */
export interface ChangesOfSet {
  readonly set: SetId;
  /** Those its backup stored, parsed; undefined when there are none. */
  readonly statistics: () => Promise<unknown>;
  /** Gives every change, in the order of the manifest; as often as it is asked. */
  readonly each: (take: TakeChange) => Promise<void>;
}

/**
 * Hands over the changes of sets of the active chain, oldest first. Answers the sets; undefined when no chain is active.
 */
export function changesOfSets(
  repository: Repository,
  { index }: ChangesOptions,
  show: (changes: ChangesOfSet) => Promise<void>,
): Promise<readonly SetId[] | undefined> {
  return examine(repository, async ({ active }) => {
    if (active === undefined) return undefined;
    const known = finished(active.chain);
    const sets = index === 'all' ? known : [setAt(known, index)];
    for (const set of sets) await showChanges(repository, set, show);
    return sets.map(idOf);
  });
}

async function showChanges(
  repository: Repository,
  set: BackupSet,
  show: (changes: ChangesOfSet) => Promise<void>,
): Promise<void> {
  let contents: SetContents | undefined;
  try {
    await show({
      set: idOf(set),
      statistics: () => readJsonStatistics(repository, set),
      each: async (take) => {
        contents ??= await openSetContents(repository, set);
        await contents.each(take);
      },
    });
  } finally {
    contents?.release();
  }
}

/** Oldest first. An unfinished set has no list yet. */
function finished(chain: BackupChain): readonly BackupSet[] {
  return chain.sets.filter(({ isPartial }) => !isPartial);
}

function setAt(sets: readonly BackupSet[], index: number): BackupSet {
  const set = sets.toReversed().at(index);
  if (set !== undefined) return set;
  const there = sets.length === 1 ? 'one set' : `${sets.length} sets`;
  throw new UsageError('COMMAND_LINE', `There is no backup set ${index}: the chain has ${there}.`, {
    hint: '--show-changes-in-set counts back from 0, the latest.',
  });
}
