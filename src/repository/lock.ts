import { dropStrayJournals } from '../cache/journal.ts';
import { takeLock, type Lock } from '../cache/lock/lock.ts';
import type { Session } from './session.ts';

/** Keeps other runs off the archive dir until it is released. */
export async function lockArchive({ archiveDir, settings, emit }: Session): Promise<Lock> {
  const lock = await takeLock(archiveDir.path);
  if (lock.warning !== undefined) emit({ kind: 'warning', text: lock.warning });
  if (!settings.dryRun) {
    archiveDir.sweep();
    dropStrayJournals(archiveDir);
  }
  return lock;
}
