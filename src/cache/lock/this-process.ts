import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Holder } from './lock-holder.ts';

/** What a lock file says of this process. */
export function thisProcess(): Holder {
  return {
    pid: process.pid,
    host: hostname(),
    since: Math.trunc(Date.now() / 1000),
    boot: bootId(),
    space: pidSpace(),
    start: startOf('self'),
  };
}

/** Another one after each start of the system; undefined where it does not tell. */
function bootId(): string | undefined {
  return quietly(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim());
}

/** Processes of one space have numbers of their own: containers. */
function pidSpace(): string | undefined {
  return quietly(() => /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0]);
}

/** When a process began, in ticks since the system did: a number that is given anew shows another. */
export function startOf(pid: number | 'self'): string | undefined {
  // The name of the program, in brackets, may hold anything.
  return quietly(
    () =>
      readFileSync(`/proc/${pid}/stat`, 'latin1')
        .replace(/^.*\) /s, '')
        .split(' ')[19],
  );
}

function quietly(ask: () => string | undefined): string | undefined {
  try {
    return ask();
  } catch {
    return undefined;
  }
}
