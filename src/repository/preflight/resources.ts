import { readFileSync, statfsSync, statSync } from 'node:fs';
import type { ArchiveDir } from '../../cache/archive-dir.ts';
import type { Collection } from '../../collections/collection.ts';
import { LocalError } from '../../errors/errors.ts';
import type { Repository } from '../repository.ts';

/** In volumes: what one may be larger than wanted, and the metadata. */
const MARGIN = 0.3;
const OPEN_FILES = 1024;

/** With less in the archive dir nothing at all can be written. */
const LEAST_ARCHIVE = 64 * 1024;

/** What a backup takes of the temporary space. */
export interface Packing {
  readonly concurrency?: number | undefined;
  readonly volumeSize: number;
}

/** Stops a backup that would run out of temporary space or descriptors half-way. */
export function checkResources(repository: Repository, packing: Packing): void {
  checkTempSpace(repository, tempSpaceFor(packing), 'backup');
  checkOpenFiles();
}

/** Bytes of temporary space that a backup takes. */
export function tempSpaceFor({ concurrency = 0, volumeSize }: Packing): number {
  return Math.trunc((concurrency + 1) * volumeSize + MARGIN * volumeSize);
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

/**
 * Stops a backup whose metadata will not fit into the archive dir. A full one takes about what the last one took: where
 * that would not fit somebody is told, and where not half of it would, the source need not be read for it.
 */
export function checkArchiveSpace(repository: Repository, collection: Collection, kind: 'full' | 'inc'): void {
  const { archiveDir, emit } = repository;
  const { bavail, bsize } = statfsSync(archiveDir.path);
  const free = bavail * bsize;
  const usual = kind === 'full' ? bytesOfLastFull(repository, collection) : 0;
  const hint = 'Make room, or name another directory with --archive-dir.';
  if (free < Math.max(LEAST_ARCHIVE, usual / 2)) {
    const needed = Math.max(LEAST_ARCHIVE, usual);
    const text = `The archive dir ${archiveDir.path} has ${free} bytes available, backup needs approx ${needed}.`;
    throw new LocalError('NOT_ENOUGH_FREESPACE', text, { hint });
  }
  if (free >= usual) return;
  const text = `The archive dir ${archiveDir.path} has ${free} bytes available, the last full backup took ${usual}. ${hint}`;
  emit({ kind: 'warning', text });
}

/** Its signatures and its manifest in the archive dir. */
function bytesOfLastFull({ archiveDir }: Repository, { local }: Collection): number {
  const last = Math.max(
    0,
    ...local.flatMap(({ kind, type, end }) => (kind === 'manifest' && type === 'full' ? end : [])),
  );
  return bytesOf(
    archiveDir,
    local.filter(({ type, end }) => type === 'full' && end === last),
  );
}

/** Of these files of the archive dir together. */
export function bytesOf(archiveDir: ArchiveDir, files: readonly { readonly name: string }[]): number {
  const sizes = files.map(({ name }) => statSync(archiveDir.pathOf(name), { throwIfNoEntry: false })?.size ?? 0);
  return sizes.reduce((sum, size) => sum + size, 0);
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
export function openFileLimit(): number | undefined {
  try {
    const soft = /^Max open files\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
    return soft === undefined || soft === 'unlimited' ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}
