import type { Stats } from 'node:fs';
import { LocalError } from '../errors/errors.ts';
import type { Emit } from '../events/events.ts';
import { type FileTree, listedBelow } from '../selection/lists/files-from.ts';
import type { Selection } from '../selection/selection.ts';
import { type BytePath, bytePath, isAscii, joinPath, toScreen } from '../util/bytepath.ts';
import type { Accounts } from './accounts.ts';
import { Candidate } from './candidate.ts';
import type { ReadCheck } from './readable.ts';
import { errorCode } from '../util/errno.ts';
import { relativePath, type Report } from './report.ts';
import { missingRoot, unreadableRoot } from './root.ts';
import { type SourceEntry, sourceEntry } from './source-entry.ts';
import { type Links, modificationTime, readLink, statPath, statSystemPath, typeOf } from './stat.ts';

export interface WalkOptions {
  /** The source path as given, in canonical form. */
  readonly root: BytePath;
  /** A root that is a link stands for what it leads to. */
  readonly throughLink?: true | undefined;
  readonly selection: Selection;
  /** Symbolic links are taken for what they lead to; those that lead nowhere, or back, are kept. */
  readonly copyLinks: boolean;
  readonly accounts: Accounts;
  readonly emit: Emit;
  /** `errors` grows by one for every file or directory that should be in the backup but cannot be read. */
  readonly counters: { errors: number };
  /**
   * Hears, before any later entry is given, of paths relative to the root that are or may be there but cannot be seen:
   * they, and all below them, are not to be taken for deleted.
   */
  readonly onUnreadable?: (path: BytePath) => void;
  /** Directories that are no part of the tree though they lie in it. */
  readonly leavesOut?: ((candidate: Candidate) => boolean) | undefined;
  /** Hears of entries with a time before 1970, which archives do not hold. */
  readonly onEarly?: (path: BytePath) => void;
}

export interface Visit extends WalkOptions {
  readonly links: Links;
  readonly mayRead: ReadCheck;
  readonly report: Report;
}

/** A directory being walked through. */
export interface Level {
  readonly entry: SourceEntry;
  /** What stands before a name in the path for the system, with the slash. */
  readonly prefix: string;
  /** Nothing in the prefix needs to be encoded for the system. */
  readonly isPlain: boolean;
  readonly names: readonly string[];
  readonly tree: FileTree | undefined;
  /** Index of the next name. */
  at: number;
}

export interface Found {
  readonly entry: SourceEntry;
  readonly isScanned: boolean;
  /** For a directory: its contents. */
  readonly level?: Level;
}

const NO_LINK = bytePath('');

/** The root is kept whatever the selection says. Throws `LocalError` when it cannot be looked at or listed. */
export function visitRoot(visit: Visit): Found {
  const { root, selection } = visit;
  const links = visit.throughLink ? 'follow' : visit.links;
  const stats = rootStats(root, links);
  const type = typeOf(stats);
  if (type === undefined || type === 'socket') {
    throw new LocalError('GENERIC', `The source ${toScreen(root)} is nothing a backup can hold.`);
  }
  const candidate = new Candidate(root, stats, { type, mtime: modificationTime(stats, root, links) });
  const entry = entryOf(visit, candidate, type === 'sym' ? readLink(root) : NO_LINK);
  if (type !== 'dir') return { entry, isScanned: false };
  const names = selection.filesFrom === undefined ? rootNames(candidate) : listedNames(selection.filesFrom);
  return { entry, isScanned: false, level: levelOf(entry, root, names, selection.filesFrom) };
}

/** The object `name` of the last level; undefined when it is not selected or cannot be read. */
export function visitName(visit: Visit, levels: readonly Level[], name: string): Found | undefined {
  const parent = levels.at(-1);
  if (parent === undefined) return undefined;
  const path = bytePath(parent.prefix + name);
  // Only the name is looked through: a joined path would have to be copied for that.
  const systemPath = parent.isPlain && isAscii(name) ? path : Buffer.from(path, 'latin1');
  const candidate = candidateAt(visit, path, systemPath);
  if (candidate === undefined) return undefined;
  const decision = visit.selection.decide(path, candidate);
  if (decision === 'exclude') return undefined;
  const tree = parent.tree?.children.get(name);
  if (candidate.type === 'dir') {
    if (visit.leavesOut?.(candidate) === true) return undefined;
    if (visit.copyLinks && leadsBack(candidate, levels)) {
      visit.report.keptLink(path, 'leads back to a directory it lies in');
      const link = linkAt(visit, path, systemPath);
      return link === undefined ? undefined : leaf(visit, link);
    }
    const names = namesIn(visit, candidate, tree);
    if (names === undefined) return undefined;
    const entry = entryOf(visit, candidate, NO_LINK);
    return { entry, isScanned: decision === 'scan', level: levelOf(entry, path, names, tree) };
  }
  if (tree !== undefined) for (const child of tree.children.keys()) reportGone(visit, joinPath(path, bytePath(child)));
  if (candidate.type === 'reg' && !visit.mayRead(path, candidate.stats)) {
    visit.report.unreadable(path);
    return undefined;
  }
  if (candidate.isBroken) visit.report.brokenLink(path);
  return leaf(visit, candidate);
}

function leaf(visit: Visit, candidate: Candidate): Found | undefined {
  const link = candidate.type === 'sym' ? linkTarget(visit, candidate.path) : NO_LINK;
  return link === undefined ? undefined : { entry: entryOf(visit, candidate, link), isScanned: false };
}

function rootStats(root: BytePath, links: Links): Stats {
  let stats: Stats | undefined;
  try {
    stats = statPath(root, links);
  } catch (cause) {
    throw unreadableRoot(root, cause);
  }
  if (stats === undefined) throw missingRoot(root);
  return stats;
}

/** Taken for empty, a root that cannot be listed would make a backup of nothing. */
function rootNames(candidate: Candidate): readonly string[] {
  const listing = candidate.list();
  if (listing.names === undefined) throw unreadableRoot(candidate.path, listing.cause);
  return listing.names;
}

function candidateAt(visit: Visit, path: BytePath, systemPath: string | Buffer): Candidate | undefined {
  const { copyLinks, links, report } = visit;
  let stats: Stats | undefined;
  try {
    stats = statSystemPath(systemPath, links);
  } catch (cause) {
    if (copyLinks && errorCode(cause) === 'ELOOP') return linkAt(visit, path, systemPath);
    report.unseen(path, cause);
    return undefined;
  }
  if (stats !== undefined) return classified(visit, path, stats, links);
  const link = copyLinks ? linkAt(visit, path, systemPath) : undefined;
  if (link === undefined) reportGone(visit, path);
  return link;
}

/** The link itself where `copyLinks` cannot follow it. */
function linkAt(visit: Visit, path: BytePath, systemPath: string | Buffer): Candidate | undefined {
  try {
    const stats = statSystemPath(systemPath, 'keep');
    if (stats?.isSymbolicLink() !== true) return undefined;
    return new Candidate(path, stats, {
      type: 'sym',
      mtime: modificationTime(stats, path, 'keep'),
      isBroken: true,
    });
  } catch (cause) {
    visit.report.unseen(path, cause);
    return undefined;
  }
}

function classified({ report, emit }: Visit, path: BytePath, stats: Stats, links: Links): Candidate | undefined {
  const type = typeOf(stats);
  if (type === 'socket') {
    emit({ kind: 'socketSkipped', path });
    return undefined;
  }
  if (type === undefined) {
    report.unknownType(path);
    return undefined;
  }
  try {
    return new Candidate(path, stats, { type, mtime: modificationTime(stats, path, links) });
  } catch (cause) {
    report.unseen(path, cause);
    return undefined;
  }
}

/** What is not there was listed a moment ago, or stands in a list of files with what should lie below it. */
function reportGone({ root, selection, report }: Visit, path: BytePath): void {
  const list = selection.filesFrom;
  if (list === undefined) return report.gone(path);
  for (const { path: missing, line } of listedBelow(list, relativePath(root, path))) {
    report.missing(missing, `${list.name}, line ${line}`);
  }
}

/** The names to visit in a directory; undefined when the directory itself has to be left out. */
function namesIn(visit: Visit, candidate: Candidate, tree: FileTree | undefined): readonly string[] | undefined {
  if (visit.selection.filesFrom !== undefined) return listedNames(tree);
  const listing = candidate.list();
  if (listing.names !== undefined) return listing.names;
  switch (errorCode(listing.cause)) {
    case 'EACCES':
    case 'EPERM':
      visit.report.unreadable(candidate.path);
      return undefined;
    case 'ENOENT':
    case 'ENOTDIR':
      visit.report.unseen(candidate.path, listing.cause);
      return undefined;
    default:
      visit.report.unreadable(candidate.path, listing.cause);
      return [];
  }
}

function listedNames(tree: FileTree | undefined): readonly string[] {
  return [...(tree?.children.keys() ?? [])].sort();
}

function levelOf(entry: SourceEntry, path: BytePath, names: readonly string[], tree: FileTree | undefined): Level {
  const prefix = path === '/' ? '/' : `${path}/`;
  return { entry, prefix, isPlain: isAscii(prefix), names, tree, at: 0 };
}

function entryOf(visit: Visit, candidate: Candidate, link: BytePath): SourceEntry {
  const { root, accounts } = visit;
  if (candidate.mtime < 0) visit.onEarly?.(candidate.path);
  const path = relativePath(root, candidate.path);
  return sourceEntry(candidate, { path, link, accounts });
}

function linkTarget(visit: Visit, path: BytePath): BytePath | undefined {
  try {
    return readLink(path);
  } catch (cause) {
    visit.report.unseen(path, cause);
    return undefined;
  }
}

/**
 * Whether a directory met under `copyLinks` is one of those it lies in. The reference goes round such a loop until the
 * system refuses, 40 links deep. A directory mounted a second time has the same numbers but is no link.
 */
function leadsBack(candidate: Candidate, levels: readonly Level[]): boolean {
  const { dev, ino } = candidate.stats;
  if (!levels.some(({ entry }) => entry.inode === ino && entry.device === dev)) return false;
  return statPath(candidate.path, 'keep')?.isSymbolicLink() === true;
}
