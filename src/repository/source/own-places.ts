import { statSync, type Stats } from 'node:fs';
import type { Candidate } from '../../source/candidate.ts';
import { type BytePath, toFs, toScreen } from '../../util/bytepath.ts';
import type { Repository } from '../repository.ts';

interface Place {
  readonly level: 'warning' | 'info';
  readonly called: string;
  readonly directory: () => string | undefined;
  stats: Stats | undefined;
  isTold: boolean;
}

/**
 * Tells directories of the source that this very backup writes to while it reads: stored, they would hold parts of
 * volumes that grow with each run, and copies of what lies on the remote anyway. By their identity, however they are
 * reached; each is told once.
 */
export function ownPlaces(
  { backend, archiveDir, spool, emit }: Repository,
  level: 'warning' | 'info',
): (candidate: Candidate) => boolean {
  const place = (called: string, directory: Place['directory'], at: Place['level'] = 'info'): Place => ({
    level: at,
    called,
    directory,
    stats: undefined,
    isTold: false,
  });
  const places = [
    ...(backend.traits.directories ?? []).map((path) => place('where this backup is stored', () => path, level)),
    place('the archive dir of this backup', () => archiveDir.path),
    place('the temporary directory of this run', () => spool.existing),
  ];
  return ({ path, type, stats: { dev, ino } }) => {
    if (type !== 'dir') return false;
    for (const own of places) {
      own.stats ??= lookAt(own.directory());
      if (own.stats?.ino !== ino || own.stats.dev !== dev) continue;
      if (!own.isTold) emit({ kind: own.level, text: `${toScreen(path)} is ${own.called}: it is left out.` });
      own.isTold = true;
      return true;
    }
    return false;
  };
}

/** Where the source is the target itself, nothing can be left out. */
export function warnOfOwnRoot({ backend, emit }: Repository, root: BytePath): void {
  const source = lookAt(toFs(root));
  const isOwn = (backend.traits.directories ?? []).some((path) => {
    const stats = lookAt(path);
    return stats?.isDirectory() === true && stats.ino === source?.ino && stats.dev === source.dev;
  });
  if (!isOwn) return;
  const text = `${toScreen(root)} is where this backup is stored, too: each backup will hold those before it. Store backups in a place of their own.`;
  emit({ kind: 'warning', text });
}

/** undefined as long as it is not made. */
function lookAt(directory: string | Buffer | undefined): Stats | undefined {
  try {
    return directory === undefined ? undefined : statSync(directory, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
