import type { Rule } from '../../selection/rules.ts';
import { buildSelection } from '../../selection/selection.ts';
import { openSourceFile, type OpenedFile } from '../../source/open-file.ts';
import { checkRoot, inspectRoot, type RootPath } from '../../source/root.ts';
import type { SourceEntry } from '../../source/source-entry.ts';
import type { WalkOptions } from '../../source/visit.ts';
import { walkSource } from '../../source/walk.ts';
import { comparePaths, fromText, isWithin, toScreen, type BytePath } from '../../util/bytepath.ts';
import { counted } from '../../util/counted.ts';
import type { Repository } from '../repository.ts';

/** A tree on this machine, seen through the selection options. */
export interface Source {
  /** Selected objects in index order, the root first. */
  readonly walk: () => Iterable<SourceEntry>;
  /** The same, saying nothing of what cannot be read and not counting it. */
  readonly preview: () => Iterable<SourceEntry>;
  readonly open: (entry: SourceEntry) => OpenedFile;
  /** Objects that could not be read so far. */
  readonly errors: () => number;
  /** What the walk has to say at its end, once. */
  readonly remarks: () => { readonly texts: readonly string[]; readonly errors: number };
  /** True when `path`, which the walk has passed by, is or lies below something that cannot be read. */
  readonly isUnreadable: (path: BytePath) => boolean;
}

/** What of a tree counts, and how links in it are taken. */
export interface SourceOptions {
  /** In the order of the command line. */
  readonly selection: readonly Rule[];
  readonly copyLinks: boolean;
  /** File lists end names with NUL. */
  readonly nullSeparator: boolean;
}

interface OpenOptions extends SourceOptions {
  /** What a root that cannot be read is to the run; without it the caller looks. */
  readonly code?: 'BACKUP_DIR_MISSING' | 'VERIFY_DIR_MISSING';
  /** See `WalkOptions`. */
  readonly leavesOut?: WalkOptions['leavesOut'];
}

/** Throws `LocalError` when nothing of the tree can be read. */
export function openSource(
  { emit, accounts }: Pick<Repository, 'emit' | 'accounts'>,
  place: RootPath,
  { selection: rules, copyLinks, nullSeparator, code, leavesOut }: OpenOptions,
): Source {
  const { path: root, throughLink } = place;
  const links = copyLinks || throughLink === true ? 'follow' : 'keep';
  const isListed = !rules.some(({ kind }) => kind === 'files-from');
  if (code !== undefined) checkRoot(place, { links, code, isListed });
  const selection = buildSelection(rules, { root, ...inspectRoot(root, links), nullSeparator, emit });
  const counters = { errors: 0 };
  /** In walk order; those the comparison has passed are dropped, so that memory does not grow with their number. */
  let unreadable: BytePath[] = [];
  let early = 0;
  let firstEarly = root;
  const onEarly = (path: BytePath): void => {
    if (early++ === 0) firstEarly = path;
  };
  const tree = { root, throughLink, selection, copyLinks, accounts, leavesOut };
  return {
    walk: () => walkSource({ ...tree, emit, counters, onUnreadable: (path) => unreadable.push(path), onEarly }),
    preview: () =>
      walkSource({ ...tree, emit: () => undefined, counters: { errors: 0 }, onUnreadable: () => undefined }),
    open: (entry) => openSourceFile(entry, { root, copyLinks }),
    errors: () => counters.errors,
    remarks: () => {
      const texts = selection
        .idleLists()
        .map((name) => `The list ${toScreen(fromText(name))} includes nothing that is there.`);
      if (early > 0) texts.push(earlyTimes(early, firstEarly));
      return { texts, errors: early };
    },
    isUnreadable: (path) => {
      if (unreadable.length === 0) return false;
      unreadable = unreadable.filter((top) => comparePaths(top, path) > 0 || isWithin(path, top));
      return unreadable.some((top) => isWithin(path, top));
    },
  };
}

function earlyTimes(count: number, first: BytePath): string {
  const [have, one] = count === 1 ? ['has', 'It'] : ['have', 'They'];
  return `${counted(count, 'entry', 'entries')} of the source ${have} a time before 1970 (${count === 1 ? '' : 'the first: '}${toScreen(first)}), which archives cannot hold. ${one} will come back with the first second of 1970.`;
}
