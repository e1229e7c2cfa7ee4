import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { LocalError } from '../errors/errors.ts';
import { type BytePath, joinPath, toFs, toScreen } from '../util/bytepath.ts';
import { type FileIdentity, identityOf } from './file-identity.ts';
import { reasonOf } from './report.ts';
import type { SourceEntry } from './source-entry.ts';

/** A regular file of the source, open for reading from its start. */
export interface SourceFile {
  /** What it was when it was opened, before anything was read. */
  readonly identity?: () => FileIdentity;
  /** What it is now. Throws `LocalError`. */
  readonly look?: () => FileIdentity;
  /** Bytes at the beginning that are not wanted, before anything is read. */
  readonly skip?: (bytes: number) => void;
  /** Bytes put into `into`, perhaps fewer than fit; 0 at the end of the file. Throws `LocalError`. */
  read(into: Buffer): number;
  /** Never throws. */
  close(): void;
}

export interface OpenedFile extends SourceFile {
  /** Bytes it had when it was opened. */
  readonly size: number;
}

interface OpenOptions {
  /** The source path of the walk. */
  readonly root: BytePath;
  readonly copyLinks: boolean;
}

/**
 * Opens the file the walk saw as `entry`. Throws `LocalError` when it cannot be opened or when something else has taken
 * its place meanwhile; a fifo or a device put there is neither waited for nor read.
 */
export function openSourceFile(entry: SourceEntry, { root, copyLinks }: OpenOptions): OpenedFile {
  const path = root === '/' || entry.path === '' ? `${root}${entry.path}` : joinPath(root, entry.path);
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | (copyLinks ? 0 : constants.O_NOFOLLOW);
  let fd: number;
  try {
    fd = openSync(toFs(path), flags);
  } catch (cause) {
    throw failure(path, cause);
  }
  const look = (): Stats => {
    try {
      return fstatSync(fd);
    } catch (cause) {
      throw failure(path, cause);
    }
  };
  let now: Stats;
  try {
    now = look();
  } catch (error) {
    // Such as a stale handle of a network file system.
    close(fd);
    throw error;
  }
  if (!now.isFile() || now.ino !== entry.inode || now.dev !== entry.device) {
    close(fd);
    throw new LocalError('GENERIC', `${toScreen(path)} has been replaced by something else during the backup.`);
  }
  let skipped: number | null = null;
  return {
    size: now.size,
    identity: () => identityOf(now),
    look: () => identityOf(look()),
    skip: (bytes) => {
      skipped = bytes;
    },
    read: (into) => {
      try {
        const length = readSync(fd, into, 0, into.length, skipped);
        if (skipped !== null) skipped += length;
        return length;
      } catch (cause) {
        throw failure(path, cause);
      }
    },
    close: () => close(fd),
  };
}

function failure(path: string, cause: unknown): LocalError {
  return new LocalError('GENERIC', `Cannot read ${toScreen(path)}: ${reasonOf(cause)}`, { cause });
}

/** Nothing was written, so a failure to close means nothing. */
function close(fd: number): void {
  try {
    closeSync(fd);
  } catch {
    // See above.
  }
}
