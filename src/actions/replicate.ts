import { restorableSets } from '../collections/lookup.ts';
import type { BackupSet } from '../collections/sets.ts';
import { BackendError, ChainError, IntegrityError, type DuplicityError } from '../errors/errors.ts';
import { emitWarnings, regroup } from './load-collection.ts';
import { lockArchive } from './lock.ts';
import { readReplica } from './replica.ts';
import { SetReplication } from './replicate-set.ts';
import type { Session } from './session.ts';
import { announceLastFull } from './synchronise.ts';

/** Where sets are copied from. */
export type Origin = Pick<Session, 'backend' | 'remote'>;

/**
 * Copies the sets of `origin` that are older than `--time`, by default all, to the remote of the session where that lacks
 * them, encoded as the options say. Deletes nothing. A chain with a damaged set is copied up to that; the first damage is
 * thrown at the end.
 */
export async function replicate(session: Session, origin: Origin): Promise<number> {
  const { settings, emit } = session;
  using lock = await lockArchive(session);
  void lock;
  const from: Session = { ...session, ...origin };
  const replica = await readReplica(session);
  const source = await readReplica(from);
  announceLastFull(session, regroup(session, [...replica.names], []));
  const collection = regroup(from, [...source.names], []);
  emitWarnings(session, collection);

  const { time = Infinity } = settings;
  const chains = collection.chains.map((chain) => restorableSets(chain).filter(({ end }) => end < time));
  if (chains.every((sets) => sets.length === 0)) {
    emit({ kind: 'notice', text: 'No old backup sets found.' });
    return 0;
  }
  const replication = new SetReplication({ from, to: session, source, replica });
  let failure: DuplicityError | undefined;
  for (const sets of chains) {
    const damage = await copyChain(sets, replication);
    if (damage !== undefined && failure !== undefined) emit({ kind: 'warning', text: damage.message });
    failure ??= damage;
  }
  await session.remote.confirm();
  if (failure !== undefined) throw failure;
  return 0;
}

/** In order, so that what is there can be restored at any time. Answers what is wrong with a set that cannot be copied. */
async function copyChain(sets: readonly BackupSet[], replication: SetReplication): Promise<DuplicityError | undefined> {
  for (const set of sets) {
    try {
      await replication.copy(set);
    } catch (error) {
      if (isDamage(error)) return error;
      throw error;
    }
  }
  return undefined;
}

function isDamage(error: unknown): error is DuplicityError {
  if (error instanceof BackendError) return error.code === 'BACKEND_NOT_FOUND';
  return error instanceof IntegrityError || (error instanceof ChainError && error.code !== 'ENCRYPTION_MISMATCH');
}
