import type { Metadata } from '../archive/entry.ts';
import type { BytePath } from '../util/bytepath.ts';
import type { EpochSeconds } from '../util/time.ts';
import type { Accounts } from './accounts.ts';
import type { Candidate } from './candidate.ts';
import { deviceNumbers } from './stat.ts';

/** One object of the source. `meta.size` is what the system says, for every type. */
export interface SourceEntry {
  /** Relative to the root, which is the empty path. */
  readonly path: BytePath;
  readonly meta: Metadata;
  /** Identity on this machine, so that `openSourceFile` opens what the walk saw. */
  readonly device: number;
  readonly inode: number;
  /** When content or metadata were last changed, in whole seconds; 0 when the file system does not tell. */
  readonly ctime: EpochSeconds;
}

const NO_DEVICE = { major: 0, minor: 0 } as const;

export function sourceEntry(
  { stats, type, mtime }: Candidate,
  { path, link, accounts }: { readonly path: BytePath; readonly link: BytePath; readonly accounts: Accounts },
): SourceEntry {
  const { major, minor } = type === 'chr' || type === 'blk' ? deviceNumbers(stats.rdev) : NO_DEVICE;
  const meta: Metadata = {
    type,
    mode: stats.mode & 0o7777,
    uid: stats.uid,
    gid: stats.gid,
    uname: accounts.userName(stats.uid),
    gname: accounts.groupName(stats.gid),
    mtime,
    size: stats.size,
    link,
    major,
    minor,
  };
  return { path, meta, device: stats.dev, inode: stats.ino, ctime: Math.floor(stats.ctimeMs / 1000) };
}
