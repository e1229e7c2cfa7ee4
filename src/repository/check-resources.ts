import { readFileSync } from 'node:fs';
import { LocalError } from '../errors/errors.ts';
import type { Session } from './session.ts';

/** In volumes: what one may be larger than wanted, and the metadata. */
const MARGIN = 0.3;
const OPEN_FILES = 1024;

/** Stops a backup that would run out of temporary space or descriptors half-way. */
export function checkResources(session: Session): void {
  const { concurrency, volsize } = session.settings;
  checkTempSpace(session, ((concurrency ?? 0) + 1) * volsize + MARGIN * volsize, 'backup');
  checkOpenFiles();
}

/** Stops a run whose temporary space cannot hold what it needs at the least. */
export function checkTempSpace(
  { spool, emit }: Session,
  bytes: number,
  purpose: 'backup' | 'restore' | 'verify',
): void {
  const needed = Math.trunc(bytes);
  if (needed === 0) return;
  const free = spool.freeBytes();
  if (free < needed) {
    const smaller = purpose === 'backup' ? ', or use smaller volumes (--volsize)' : '';
    throw new LocalError(
      'NOT_ENOUGH_FREESPACE',
      `Temp space has ${free} available, ${purpose} needs approx ${needed}.`,
      { hint: `Make room, or name another directory with --tempdir${smaller}.` },
    );
  }
  emit({ kind: 'info', text: `Temp has ${free} available, ${purpose} will use approx ${needed}.` });
}

/** Stops a run that would run out of descriptors half-way. */
export function checkOpenFiles(): void {
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
