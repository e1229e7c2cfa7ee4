import { readFileSync } from 'node:fs';
import { LocalError } from '../errors/errors.ts';
import type { Session } from './session.ts';

/** In volumes: what one may be larger than wanted, and the metadata. */
const MARGIN = 0.3;
const OPEN_FILES = 1024;

/** Stops a backup or restore that would run out of temporary space or descriptors half-way. */
export function checkResources({ spool, settings, emit }: Session): void {
  const needed = Math.trunc(((settings.concurrency ?? 0) + 1 + MARGIN) * settings.volsize);
  const free = spool.freeBytes();
  if (free < needed) {
    throw new LocalError('NOT_ENOUGH_FREESPACE', `Temp space has ${free} available, backup needs approx ${needed}.`, {
      hint: 'Make room, name another directory with --tempdir, or use smaller volumes (--volsize).',
    });
  }
  emit({ kind: 'info', text: `Temp has ${free} available, backup will use approx ${needed}.` });
  const files = openFileLimit();
  if (files !== undefined && files < OPEN_FILES) {
    throw new LocalError('MAX_OPEN_TOO_LOW', `Max open files of ${files} is too low, should be >= ${OPEN_FILES}.`, {
      hint: 'Raise the limit with "ulimit -n 1024".',
    });
  }
}

/** Node raises the soft limit to the hard one by itself. undefined where the system does not tell. */
function openFileLimit(): number | undefined {
  try {
    const soft = /^Max open files\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
    return soft === undefined || soft === 'unlimited' ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}
