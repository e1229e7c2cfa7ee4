import { dropStrayJournals } from '../cache/journal.ts';
import { takeLock, type Lock } from '../cache/lock/lock.ts';
import type { Repository } from './repository.ts';

/** Keeps other runs off the archive dir until it is released. */
export function lockArchive(repository: Repository): Promise<Lock> {
  const take = (): Promise<Lock> => lockForRun(repository);
  return repository.shareLock?.(take) ?? take();
}

async function lockForRun({ archiveDir, dryRun, emit }: Repository): Promise<Lock> {
  const lock = await takeLock(archiveDir.path);
  if (lock.warning !== undefined) emit({ kind: 'warning', text: lock.warning });
  try {
    if (!dryRun) {
      archiveDir.sweep();
      dropStrayJournals(archiveDir);
    }
    return lock;
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}
