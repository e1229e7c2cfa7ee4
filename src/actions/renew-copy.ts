import { originOf } from '../cache/sync-plan.ts';
import { loadCollection } from './load-collection.ts';
import type { Session } from './session.ts';
import { storedBytes } from './stored-bytes.ts';

/**
 * Replaces a damaged file of the archive dir by a fresh copy of what the remote has. False when the remote has no such file.
 * A dry run changes nothing.
 */
export async function renewCopy(session: Session, localName: string, error: Error): Promise<boolean> {
  const { archiveDir, settings, emit, call } = session;
  if (settings.dryRun) return false;
  const copy = originOf(await loadCollection(session), localName);
  if (copy === undefined) return false;
  const text = `The copy ${localName} in the archive dir is damaged and fetched again. ${error.message}`;
  emit({ kind: 'warning', text });
  await archiveDir.write(localName, storedBytes(session, copy, call.signal));
  return true;
}
