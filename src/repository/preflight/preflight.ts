import type { ActiveChain, Collection } from '../../collections/collection.ts';
import { asctime } from '../../util/time.ts';
import type { Writers } from '../keys.ts';
import type { Repository } from '../repository.ts';
import { checkMayStore } from './may-store.ts';
import { newestEncrypted, opens } from './passphrase.ts';
import { checkArchiveSpace } from './resources.ts';

/** What is known of a backup before it reads anything of its source. */
interface Intended {
  readonly collection: Collection;
  readonly base: ActiveChain | undefined;
  readonly codecs: Writers;
  readonly isResumed: boolean;
}

/**
 * Finds out what would end a backup after hours: keys that are missing, expired or revoked, or do not sign; a full archive
 * dir; a store that takes nothing. Temporary space and descriptors were looked at before the store was, and the clock and
 * the passphrase of what an increment builds on when that was chosen.
 */
export async function preflight(
  repository: Repository,
  { collection, base, codecs, isResumed }: Intended,
): Promise<void> {
  if (repository.dryRun) return;
  checkArchiveSpace(repository, collection, base === undefined ? 'full' : 'inc');
  await codecs.volume.prepare?.(repository.call.signal);
  if (base === undefined && !isResumed && codecs.volume.suffix === '.gpg') await compareSecrets(repository, collection);
  await checkMayStore(repository, base);
}

/** A full backup may have another passphrase than the last one. Whoever has mistyped it is to hear of it today. */
async function compareSecrets(repository: Repository, collection: Collection): Promise<void> {
  const { keys, emit } = repository;
  const newest = keys.isSymmetric ? newestEncrypted(collection) : undefined;
  if (newest === undefined || (await opens(repository, newest.manifest))?.cannot === undefined) return;
  const text =
    `The passphrase does not open the backup of ${asctime(newest.end)}: this full backup is made with another one. ` +
    'If that is not meant, make it again with the right passphrase.';
  emit({ kind: 'warning', text });
}
