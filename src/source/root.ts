import { opendirSync, type Stats } from 'node:fs';
import { LocalError } from '../errors/errors.ts';
import { type BytePath, bytePath, joinPath, toFs, toScreen } from '../util/bytepath.ts';
import { readCheck } from './readable.ts';
import { reasonOf } from './report.ts';
import { type Links, statPath } from './stat.ts';

/** A tree on this machine, as a command line names it. */
export interface RootPath {
  readonly path: BytePath;
  /** `link/` and `link/.`: a link there stands for what it leads to. */
  readonly throughLink?: true | undefined;
}

/** What a root that is missing or out of reach is to a run. */
type RootCode = 'BACKUP_DIR_MISSING' | 'VERIFY_DIR_MISSING';

const CALLED = { BACKUP_DIR_MISSING: 'Backup source directory', VERIFY_DIR_MISSING: 'Verify directory' } as const;

/** What a selection has to know about the root of the source; one that is not there counts as a directory. */
export function inspectRoot(root: BytePath, links: Links): RootFacts {
  const stats = statPath(root, links);
  return {
    rootIsDirectory: stats?.isDirectory() ?? true,
    rootDevice: stats?.dev ?? 0,
    isThere: (path) => {
      try {
        return statPath(joinPath(root, path), 'keep') !== undefined;
      } catch {
        return false;
      }
    },
  };
}

interface RootFacts {
  readonly rootIsDirectory: boolean;
  readonly rootDevice: number;
  readonly isThere: (path: BytePath) => boolean;
}

interface RootCheck {
  readonly links: Links;
  readonly code: RootCode;
  /** Its names are wanted, not only the way through it. */
  readonly isListed: boolean;
}

/** Throws `LocalError` where there is nothing at `root`, or nothing of it can be read. */
export function checkRoot({ path: root, throughLink }: RootPath, { links, code, isListed }: RootCheck): void {
  let stats: Stats | undefined;
  try {
    stats = statPath(root, links);
    // A link that leads nowhere is no source, though a link could be stored.
    if (code === 'BACKUP_DIR_MISSING' && stats?.isSymbolicLink() === true && statPath(root, 'follow') === undefined) {
      throw missingRoot(root, code);
    }
    if (stats?.isDirectory() === true && isListed) opendirSync(toFs(root)).closeSync();
  } catch (cause) {
    throw cause instanceof LocalError ? cause : unreadableRoot(root, cause, code);
  }
  if (stats?.isDirectory() === true) deviceInside(root, code);
  if (stats === undefined) throw missingRoot(root, code);
  if (throughLink === true && !stats.isDirectory() && statPath(root, 'keep')?.isSymbolicLink() === true) {
    throw unreadableRoot(root, 'it is no directory', code);
  }
  if (stats.isFile() && !readCheck()(root, stats)) throw unreadableRoot(root, undefined, code);
}

/** The device that the names in a directory lie on. Throws `LocalError` where it may not be entered. */
export function deviceInside(root: BytePath, code?: RootCode): number | undefined {
  try {
    return statPath(bytePath(`${root}/.`), 'keep')?.dev;
  } catch (cause) {
    throw unreadableRoot(root, cause, code);
  }
}

/** Throws when the root is gone or another file system lies there: names that were not found may then be anywhere. */
export function checkStillThere(root: BytePath, device: number | undefined): void {
  if (deviceInside(root) === device) return;
  throw new LocalError('BACKUP_DIR_MISSING', `The source ${toScreen(root)} was taken away while it was read.`, {
    hint: 'Mount it again, or put it back, and start anew: what was found so far does not count.',
  });
}

export function missingRoot(root: BytePath, code: RootCode = 'BACKUP_DIR_MISSING'): LocalError {
  const end = code === 'BACKUP_DIR_MISSING' ? '.' : '';
  const hint =
    code === 'BACKUP_DIR_MISSING'
      ? 'Name an existing directory or file, or mount what it lies on.'
      : 'Name the directory that was backed up, or another one to compare with.';
  return new LocalError(code, `${CALLED[code]} ${toScreen(root)} does not exist${end}`, { hint });
}

/** Without a cause: for want of permission. */
export function unreadableRoot(root: BytePath, cause?: unknown, code: RootCode = 'BACKUP_DIR_MISSING'): LocalError {
  const reason = cause === undefined ? 'permission denied' : reasonOf(cause);
  return new LocalError(code, `${CALLED[code]} ${toScreen(root)} cannot be read: ${reason}.`, {
    cause,
    hint: 'Run as a user who may read it, or mount what it lies on anew.',
  });
}
