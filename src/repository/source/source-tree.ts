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
  /** A preview that can tell what could not be read. */
  readonly survey: () => Pick<Source, 'walk' | 'isUnreadable'>;
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
  const unreadable = passedBy();
  let early = 0;
  let firstEarly = root;
  const onEarly = (path: BytePath): void => {
    if (early++ === 0) firstEarly = path;
  };
  const tree = { root, throughLink, selection, copyLinks, accounts, leavesOut };
  const silently = (onUnreadable: (path: BytePath) => void): Iterable<SourceEntry> =>
    walkSource({ ...tree, emit: () => undefined, counters: { errors: 0 }, onUnreadable });
  return {
    walk: () => walkSource({ ...tree, emit, counters, onUnreadable: unreadable.add, onEarly }),
    preview: () => silently(() => undefined),
    survey: () => {
      const { add, holds } = passedBy();
      return { walk: () => silently(add), isUnreadable: holds };
    },
    open: (entry) => openSourceFile(entry, { root, copyLinks }),
    errors: () => counters.errors,
    remarks: () => {
      const texts = selection
        .idleLists()
        .map((name) => `The list ${toScreen(fromText(name))} includes nothing that is there.`);
      if (early > 0) texts.push(earlyTimes(early, firstEarly));
      return { texts, errors: early };
    },
    isUnreadable: unreadable.holds,
  };
}

/** What the walk could not read, in its order; what the comparison has passed is dropped, so that it stays little. */
function passedBy(): { readonly add: (path: BytePath) => void; readonly holds: (path: BytePath) => boolean } {
  let tops: BytePath[] = [];
  return {
    add: (path) => void tops.push(path),
    holds: (path) => {
      if (tops.length === 0) return false;
      tops = tops.filter((top) => comparePaths(top, path) > 0 || isWithin(path, top));
      return tops.some((top) => isWithin(path, top));
    },
  };
}

function earlyTimes(count: number, first: BytePath): string {
  const [have, one] = count === 1 ? ['has', 'It'] : ['have', 'They'];
  return `${counted(count, 'entry', 'entries')} of the source ${have} a time before 1970 (${count === 1 ? '' : 'the first: '}${toScreen(first)}), which archives cannot hold. ${one} will come back with the first second of 1970.`;
}
