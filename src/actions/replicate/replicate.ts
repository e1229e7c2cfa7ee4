import { isNotThere } from '../../backends/failures/not-there.ts';
import { byTime } from '../../collections/listing.ts';
import { restorableBeside, restorableSets } from '../../collections/restorable.ts';
import type { BackupSet } from '../../collections/sets.ts';
import { BackendError, ChainError, IntegrityError, type DuplicityError } from '../../errors/errors.ts';
import type { EpochSeconds } from '../../util/time.ts';
import { emitWarnings, regroup } from '../../repository/load-collection.ts';
import { lockArchive } from '../../repository/lock.ts';
import { NO_REPLICA, readReplica } from './replica.ts';
import { SetReplication } from './replicate-set.ts';
import type { Session } from '../session.ts';
import { announceLastFull } from '../../repository/synchronise.ts';

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
  const replica = await readReplica(session).catch((error: unknown) => {
    if (session.makesPlace || !isNotThere(error)) throw error;
    return NO_REPLICA;
  });
  const source = await readReplica(from);
  announceLastFull(session, regroup(session, [...replica.names], []));
  const collection = regroup(from, [...source.names], []);
  emitWarnings(session, collection);

  const { time = Infinity } = settings;
  const chains = [...collection.chains, ...collection.ahead].map((chain) =>
    [...restorableSets(chain), ...restorableBeside(chain)].filter(({ end }) => end < time).sort(byTime),
  );
  if (chains.every((sets) => sets.length === 0)) {
    emit({ kind: 'notice', text: 'No old backup sets found.' });
    return 0;
  }
  const replication = new SetReplication({ from, to: session, source, replica });
  let failure: DuplicityError | undefined;
  for (const sets of chains) {
    for (const damage of await copyChain(sets, replication)) {
      if (failure !== undefined) emit({ kind: 'warning', text: damage.message });
      failure ??= damage;
    }
  }
  await session.remote.confirm();
  if (failure !== undefined) throw failure;
  return 0;
}

/**
 * In order, so that what is there can be restored at any time. Answers what is wrong with sets that cannot be copied; what
 * builds on them is left out.
 */
async function copyChain(sets: readonly BackupSet[], replication: SetReplication): Promise<readonly DuplicityError[]> {
  const damages: DuplicityError[] = [];
  const copied = new Set<EpochSeconds>();
  for (const set of sets) {
    if (set.type === 'inc' && !copied.has(set.start)) continue;
    try {
      await replication.copy(set);
      copied.add(set.end);
    } catch (error) {
      if (!isDamage(error)) throw error;
      damages.push(error);
    }
  }
  return damages;
}

function isDamage(error: unknown): error is DuplicityError {
  if (error instanceof BackendError) return error.code === 'BACKEND_NOT_FOUND';
  return error instanceof IntegrityError || (error instanceof ChainError && error.code !== 'ENCRYPTION_MISMATCH');
}
