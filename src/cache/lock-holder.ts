import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { LocalError } from '../errors/errors.ts';
import type { EpochSeconds } from '../util/time.ts';
import { errorCode } from '../util/errno.ts';

/** Who holds a lock. */
export interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly since: EpochSeconds;
}

/** One line for a lock file. The reference ignores what is in its lock file and leaves it there. */
export function formatHolder({ pid, host, since }: Holder): string {
  return `pid ${pid} host ${host} since ${since}\n`;
}

export function parseHolder(text: string): Holder | undefined {
  const match = /^pid ([1-9]\d*) host (\S+) since (\d+)\n$/.exec(text);
  if (match === null) return undefined;
  return { pid: Number(match[1]), host: match[2] ?? '', since: Number(match[3]) };
}

/** False only if the process certainly does not exist any more. */
export function mayBeAlive({ pid, host }: Holder): boolean {
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) !== 'ESRCH';
  }
}

/** The failure of a lock that another process holds; the file at `path` tells who, if it does. */
export function busy(path: string): LocalError {
  return new LocalError('USER_ERROR', 'Another duplicity instance is already running with this archive directory', {
    hint: `${describeHolder(readText(path), Date.now())} Wait for it to end, or use another --name.`,
  });
}

function describeHolder(text: string, nowMs: number): string {
  const holder = parseHolder(text);
  // A killed run leaves its line, and the reference does not replace it.
  if (holder === undefined || !mayBeAlive(holder)) return 'Which process it is, is not known.';
  const age = Math.max(0, Math.trunc(nowMs / 1000) - holder.since);
  return `It is process ${holder.pid} on ${holder.host}, for ${duration(age)}.`;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function duration(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.trunc(seconds / 60)} min`;
  return `${Math.trunc(seconds / 3600)} h`;
}
