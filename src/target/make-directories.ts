import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { errorCode } from '../util/errno.ts';

/**
 * Makes a directory with those above it, as `mkdir -p` does. Node's own way goes round for ever where the system knows
 * nothing of a name though its parent is there: in /proc, and where things are mounted when they are asked for.
 */
export function makeDirectories(path: string | Buffer, mode = 0o777): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    const parent = parentOf(path);
    if (errorCode(error) === 'ENOENT' && !isDirectory(parent)) {
      makeDirectories(parent, mode);
      makeDirectories(path, mode);
    } else if (!isDirectory(path)) throw error;
  }
}

function parentOf(path: string | Buffer): string | Buffer {
  if (typeof path === 'string') return dirname(path);
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '.' : path.subarray(0, Math.max(slash, 1));
}

function isDirectory(path: string | Buffer): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
