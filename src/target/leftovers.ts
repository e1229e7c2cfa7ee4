import { lstatSync, readdirSync, unlinkSync } from 'node:fs';
import { toFs } from '../util/bytepath.ts';
import { errorCode } from '../util/errno.ts';

const UNFINISHED = /^\.duplicity-(\d+)-[0-9a-z]+$/;

/** A name for what is to take the place of `full`, in the same directory, that no archive entry has by accident. */
export function besides(full: string): string {
  return `${directoryOf(full)}.duplicity-${process.pid}-${process.hrtime.bigint().toString(36)}`;
}

/** Removes what restores that were killed have left under such names beside `full`. What cannot be removed stays. */
export function removeLeftovers(full: string): void {
  const directory = directoryOf(full);
  try {
    for (const name of readdirSync(toFs(directory), 'latin1')) {
      const pid = UNFINISHED.exec(name)?.[1];
      if (pid === undefined || !hasEnded(Number(pid))) continue;
      const path = toFs(directory + name);
      if (lstatSync(path).isFile()) unlinkSync(path);
    }
  } catch {
    // What is restored counts.
  }
}

function directoryOf(full: string): string {
  return full.slice(0, full.lastIndexOf('/') + 1);
}

function hasEnded(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return errorCode(error) === 'ESRCH';
  }
}
