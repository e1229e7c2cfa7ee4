import { lstatSync, rmdirSync, unlinkSync, type Stats } from 'node:fs';
import { toFs } from '../util/bytepath.ts';
import { errorCode } from '../util/errno.ts';

/** What stands at `full`, itself if it is a link; undefined for nothing. */
export function standingAt(full: string): Stats | undefined {
  return lstatSync(toFs(full), { throwIfNoEntry: false });
}

/** Removes what stands in the way; a directory only when it is empty. */
export function removeObstacle(full: string, there: Stats): void {
  if (there.isDirectory()) rmdirSync(toFs(full));
  else unlinkSync(toFs(full));
}

/**
 * Runs a call that makes something where nothing should stand; false when something does. Looking first, which is a
 * call more for each object, is left to those who expect something there.
 */
export function madeInFreeSpace(make: () => void): boolean {
  try {
    make();
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}
