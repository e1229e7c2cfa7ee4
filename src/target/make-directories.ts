import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { errorCode } from '../util/errno.ts';

/**
 * Makes a directory with those above it, as `mkdir -p` does. Node's own way goes round for ever where the system knows
 * nothing of a name though its parent is there: in /proc, and where things are mounted when they are asked for. Answers
 * those that were made.
 */
export function makeDirectories(path: string | Buffer, mode = 0o777): readonly (string | Buffer)[] {
  try {
    mkdirSync(path, { mode });
    return [path];
  } catch (error) {
    const parent = parentOf(path);
    if (errorCode(error) === 'ENOENT' && !isDirectory(parent)) {
      return [...makeDirectories(parent, mode), ...makeDirectories(path, mode)];
    }
    if (!isDirectory(path)) throw error;
    return [];
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
