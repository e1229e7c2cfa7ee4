import { randomBytes } from 'node:crypto';
import { closeSync, linkSync, openSync, readFileSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { errorCode } from '../util/errno.ts';
import { guard } from './guard.ts';
import { busy, formatHolder, mayBeAlive, parseHolder } from './lock-holder.ts';

/**
 * A lock for systems without file locks: the file at `path` exists as long as its process does. Keeps out other runs of
 * this program only. Gives what releases it; USER_ERROR if it is taken.
 */
export function takePidFile(path: string): () => void {
  const line = formatHolder({ pid: process.pid, host: hostname(), since: Math.trunc(Date.now() / 1000) });
  for (let tries = 0; tries < 5; tries++) {
    if (create(path, line)) return once(() => unlinkSync(path));
    const found = read(path);
    if (found === undefined) continue;
    const holder = parseHolder(found);
    // An unreadable line may be one that is just being written.
    if (holder === undefined || mayBeAlive(holder) || !removeStale(path, found)) break;
  }
  throw busy(path);
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
    writeSync(fd, line);
    closeSync(fd);
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

function once(action: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    try {
      action();
    } catch {
      // Whoever removed it had a reason; there is nothing left to release.
    }
  };
}
