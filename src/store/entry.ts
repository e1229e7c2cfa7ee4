import type { FileType } from '../archive/entry.ts';
import type { PastEntry } from '../actions/list/past-entry.ts';
import type { Version } from '../actions/list/versions.ts';
import type { EpochSeconds } from '../util/time.ts';
import { storedPath, type StoredPath } from './paths.ts';

/** A file, directory or other object in a backup, as its signatures tell it. */
export interface StoreEntry extends StoredPath {
  readonly type: FileType;
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Names of the accounts; empty where unknown. */
  readonly user: string;
  readonly group: string;
  /** Whole seconds since 1970. */
  readonly mtime: EpochSeconds;
  /** Bytes of a regular file, known to a block: at least and at most so many. */
  readonly size: { readonly least: number; readonly most: number } | undefined;
  /** Where a symbolic link leads; of anything else undefined. */
  readonly link: StoredPath | undefined;
}

/** What one backup set did to a path. */
export interface StoreVersion {
  /** Of the set: with it the path is read as it was then. */
  readonly time: EpochSeconds;
  readonly set: 'full' | 'inc';
  /** In a full backup `new` says only that the path was there. */
  readonly kind: Version['kind'];
  /** As it is from then on, where signatures tell it. */
  readonly entry: StoreEntry | undefined;
}

export function storeEntry({ path, type, mode, uid, gid, uname, gname, mtime, size, link }: PastEntry): StoreEntry {
  return {
    ...storedPath(path),
    type,
    mode,
    uid,
    gid,
    user: Buffer.from(uname, 'latin1').toString('utf8'),
    group: Buffer.from(gname, 'latin1').toString('utf8'),
    mtime,
    size,
    link: type === 'sym' ? storedPath(link) : undefined,
  };
}

export function storeVersion({ time, set, kind, entry }: Version): StoreVersion {
  return { time, set, kind, entry: entry && storeEntry(entry) };
}
