import { readFileSync } from 'node:fs';
import { LocalError } from '../errors/errors.ts';
import type { Repository } from './repository.ts';

/** In volumes: what one may be larger than wanted, and the metadata. */
const MARGIN = 0.3;
const OPEN_FILES = 1024;

/** Stops a backup that would run out of temporary space or descriptors half-way. */
export function checkResources(
  repository: Repository,
  { concurrency = 0, volumeSize }: { readonly concurrency?: number | undefined; readonly volumeSize: number },
): void {
  checkTempSpace(repository, (concurrency + 1) * volumeSize + MARGIN * volumeSize, 'backup');
  checkOpenFiles();
}

/** Stops a run whose temporary space cannot hold what it needs at the least. */
export function checkTempSpace(
  { spool, emit }: Repository,
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
