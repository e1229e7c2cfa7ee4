import { randomBytes } from 'node:crypto';
import { closeSync, linkSync, openSync, readFileSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { errorCode } from '../../util/errno.ts';
import { guard } from '../guard.ts';
import { busy, busyFile, formatHolder, lifeOf, parseHolder } from './lock-holder.ts';
import { thisProcess } from './this-process.ts';

/** Those that this process holds. */
const own = new Set<string>();

/**
 * A lock for systems without file locks: the file at `path` exists as long as its process does. Keeps out other runs of
 * this program only. Gives what releases it; USER_ERROR if it is taken.
 */
export function takePidFile(path: string): () => void {
  if (own.has(path)) throw busy(path);
  const line = formatHolder(thisProcess());
  for (let tries = 0; tries < 5; tries++) {
    if (create(path, line)) return held(path);
    const found = read(path);
    if (found === undefined) continue;
    const holder = parseHolder(found);
    // An unreadable line may be one that is just being written.
    if (holder === undefined || lifeOf(holder) !== 'ended' || !removeStale(path, found)) break;
  }
  throw busyFile(path);
}

function held(path: string): () => void {
  own.add(path);
  return () => {
    if (!own.delete(path)) return;
    try {
      unlinkSync(path);
    } catch {
      // Whoever removed it had a reason; there is nothing left to release.
    }
  };
}

function create(path: string, line: string): boolean {
  return guard(dirname(path), 'locked', () => {
    let fd: number;
    try {
      fd = openSync(path, 'wx', 0o600);
    } catch (error) {
      if (errorCode(error) === 'EEXIST') return false;
      throw error;
    }
    try {
      writeSync(fd, line);
    } catch (error) {
      // A full disk: an empty file would lock for ever.
      unlinkSync(path);
      throw error;
    } finally {
      closeSync(fd);
    }
    return true;
  });
}

/**
 * Moves the dead process's file away, so that of several runs only one gets it; false if by then it was another's, who
 * gets it back.
 */
function removeStale(path: string, expected: string): boolean {
  const aside = `${path}.${randomBytes(4).toString('hex')}`;
  try {
    renameSync(path, aside);
    const isStale = read(aside) === expected;
    if (!isStale) linkSync(aside, path);
    unlinkSync(aside);
    return isStale;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return true;
    throw error;
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
