import { readFileSync, statSync } from 'node:fs';
import { LocalError } from '../../errors/errors.ts';
import { errorCode } from '../../util/errno.ts';
import { asctime, type EpochSeconds } from '../../util/time.ts';
import { startOf, thisProcess } from './this-process.ts';

/** Who holds a lock. What follows `since` is told by Linux, and left out elsewhere. */
export interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly since: EpochSeconds;
  /** Of the system that is running. */
  readonly boot?: string | undefined;
  /** Within which the number of the process counts. */
  readonly space?: string | undefined;
  /** Of the process. */
  readonly start?: string | undefined;
}

/** One line for a lock file. The reference ignores what is in its lock file and leaves it there. */
export function formatHolder({ pid, host, since, boot, space, start }: Holder): string {
  const more = Object.entries({ boot, space, start }).filter(([, value]) => value !== undefined);
  return `pid ${pid} host ${host} since ${since}${more.map(([name, value]) => ` ${name} ${value}`).join('')}\n`;
}

export function parseHolder(text: string): Holder | undefined {
  const match = /^pid ([1-9]\d*) host (\S+) since (\d+)((?: [a-z]+ \S+)*)\n$/.exec(text);
  if (match === null) return undefined;
  const more = Object.fromEntries(
    [...(match[4] ?? '').matchAll(/ ([a-z]+) (\S+)/g)].map(([, name, value]) => [name, value]),
  );
  return { ...more, pid: Number(match[1]), host: match[2] ?? '', since: Number(match[3]) };
}

/** What can be known here of a process that wrote its line into a lock file. */
export type Life = 'runs' | 'ended' | 'unknown';

/** Of another process than this one: a line with its number is of one that had the number before. */
export function lifeOf(holder: Holder, here = thisProcess()): Life {
  const isSameSystem = holder.boot !== undefined && holder.boot === here.boot;
  if (!isSameSystem && holder.host !== here.host) return 'unknown';
  // The same machine, started again.
  if (!isSameSystem && holder.boot !== undefined && here.boot !== undefined) return 'ended';
  if (holder.pid === here.pid) return 'ended';
  if (isSameSystem && holder.space !== here.space) return 'unknown';
  if (!exists(holder.pid)) return 'ended';
  const start = startOf(holder.pid);
  return holder.start !== undefined && start !== undefined && start !== holder.start ? 'ended' : 'runs';
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) !== 'ESRCH';
  }
}

const MESSAGE = 'Another duplicity instance is already running with this archive directory';

/** The failure of a lock that the system says another process holds; the file at `path` tells who, if it does. */
export function busy(path: string): LocalError {
  const holder = parseHolder(readText(path));
  // A killed run leaves its line, and the reference does not replace it.
  const who =
    holder === undefined || lifeOf(holder) === 'ended'
      ? 'Which process it is, is not known.'
      : `It is ${describe(holder, Date.now())}.`;
  return new LocalError('USER_ERROR', MESSAGE, { hint: `${who} Wait for it to end, or use another --name.` });
}

/** The failure of a lock that is nothing but the file at `path`, which stays when its process is killed. */
export function busyFile(path: string): LocalError {
  const holder = parseHolder(readText(path));
  const life = holder === undefined ? 'unknown' : lifeOf(holder);
  if (life === 'runs') return busy(path);
  const since = holder?.since ?? Math.trunc((statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()) / 1000);
  const who = holder === undefined ? 'It left no name' : `It was ${describe(holder, Date.now())}`;
  return new LocalError('USER_ERROR', MESSAGE, {
    hint: `${who}; whether it still runs cannot be seen from here. If it does not, delete ${path}, which is from ${asctime(since)}.`,
  });
}

/** `process 12 on box, for 3 min`. */
export function describe({ pid, host, since }: Holder, nowMs: number): string {
  return `process ${pid} on ${host}, for ${duration(Math.max(0, Math.trunc(nowMs / 1000) - since))}`;
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
