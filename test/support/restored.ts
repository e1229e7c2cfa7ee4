import { chmodSync, lstatSync, readdirSync, statSync } from 'node:fs';
import { listing, type Listed } from './listing.ts';

const isRoot = process.getuid?.() === 0;

/**
 * What a restore by this user can bring back of a fixture: as root everything; else no device files, nobody's ownership,
 * and no setuid and setgid, which go with it.
 */
export function restorable(expected: readonly Listed[]): Listed[] {
  if (isRoot) return [...expected];
  return expected.filter((entry) => entry.dev === undefined).map((entry) => withoutOwner(entry));
}

/** What lies below a directory, to compare with `restorable`. */
export function restored(dir: string): Listed[] {
  if (isRoot) return listing(dir);
  const modes = openFiles(dir);
  return listing(dir).map((entry) => {
    const mode = modes.get(entry.path);
    return withoutOwner(mode === undefined ? entry : { ...entry, mode });
  });
}

function withoutOwner(entry: Listed): Listed {
  const mode = entry.mode === undefined ? {} : { mode: withoutSetId(entry.mode) };
  return { ...entry, ...mode, uid: -1, gid: -1 };
}

function withoutSetId(mode: string): string {
  return (Number.parseInt(mode, 8) & 0o1777).toString(8).padStart(4, '0');
}

/** Makes every file readable; the modes that were changed, by path. */
function openFiles(dir: string): Map<string, string> {
  const changed = new Map<string, string>();
  if (!statSync(dir).isDirectory()) return changed;
  for (const path of readdirSync(dir, { recursive: true, encoding: 'utf8' })) {
    // No entry: a name that is not UTF-8. The fixtures have none among their unreadable files.
    const stat = lstatSync(`${dir}/${path}`, { throwIfNoEntry: false });
    if (stat === undefined || !stat.isFile() || (stat.mode & 0o400) !== 0) continue;
    changed.set(path, (stat.mode & 0o7777).toString(8).padStart(4, '0'));
    chmodSync(`${dir}/${path}`, stat.mode | 0o400);
  }
  return changed;
}
