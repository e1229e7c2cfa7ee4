import { accessSync, constants, type Stats } from 'node:fs';
import process from 'node:process';
import { toFs } from '../util/bytepath.ts';

/** Says whether this process may read a file, given its numbers. */
export type ReadCheck = (path: string, stats: Stats) => boolean;

/**
 * The check for this process's user. The mode bits answer nearly always; only where they refuse is the kernel asked,
 * which knows access lists and capabilities. What an access list takes away shows when the file is opened.
 */
export function readCheck(): ReadCheck {
  const user = process.geteuid?.() ?? 0;
  if (user === 0) return () => true;
  const groups = new Set(process.getgroups?.()).add(process.getegid?.() ?? 0);
  return (path, { mode, uid, gid }) => {
    const needed = uid === user ? 0o400 : groups.has(gid) ? 0o040 : 0o004;
    return (mode & needed) !== 0 || isGranted(path);
  };
}

function isGranted(path: string): boolean {
  try {
    accessSync(toFs(path), constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
