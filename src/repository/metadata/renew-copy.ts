import { originOf } from '../../cache/sync-plan.ts';
import { hashFile } from '../../pipeline/remote.ts';
import { loadCollection } from '../load-collection.ts';
import type { Repository } from '../repository.ts';
import { storedBytes } from './stored-bytes.ts';

/**
 * Replaces a damaged file of the archive dir by a fresh copy of what the remote has. False when that is no better: there is
 * no such file, or it is the same. A dry run changes nothing.
 */
export async function renewCopy(repository: Repository, localName: string, error: Error): Promise<boolean> {
  const { archiveDir, dryRun, emit, call } = repository;
  if (dryRun) return false;
  const copy = originOf(await loadCollection(repository), localName);
  if (copy === undefined) return false;
  const path = archiveDir.pathOf(localName);
  const before = hashFile(path, 'SHA1');
  await archiveDir.write(localName, storedBytes(repository, copy, call.signal));
  if (hashFile(path, 'SHA1') === before) return false;
  const text = `The copy ${localName} in the archive dir was damaged and has been fetched again. ${error.message}`;
  emit({ kind: 'warning', text });
  return true;
}
