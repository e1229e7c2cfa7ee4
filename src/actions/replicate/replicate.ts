import { isNotThere } from '../../backends/failures/not-there.ts';
import { byTime } from '../../collections/listing.ts';
import { restorableBeside, restorableSets } from '../../collections/restorable.ts';
import { type BackupSet, idOf, type SetId } from '../../collections/sets.ts';
import { BackendError, ChainError, IntegrityError, type DuplicityError } from '../../errors/errors.ts';
import type { EpochSeconds } from '../../util/time.ts';
import { emitWarnings, regroup } from '../../repository/load-collection.ts';
import type { Encoding } from '../../repository/keys.ts';
import { lockArchive } from '../../repository/lock.ts';
import { NO_REPLICA, readReplica } from './replica.ts';
import { SetReplication } from './replicate-set.ts';
import type { Repository } from '../../repository/repository.ts';
import { announceLastFull } from '../../repository/synchronise.ts';

export interface ReplicateOptions {
  /** Where sets are copied from. */
  readonly origin: Pick<Repository, 'backend' | 'remote'>;
  /** Only sets older than this. */
  readonly before?: EpochSeconds | undefined;
  /** Of the copies: the one that the keys of the repository were opened with. */
  readonly encoding: Encoding;
  /** Copies uploaded while others are made, and said to be so; by default one. */
  readonly concurrency?: number | undefined;
}

/** What was copied. */
export interface ReplicateResult {
  /** How many sets of the origin are old enough. */
  readonly found: number;
  /** Those of which something was lacking. */
  readonly copied: readonly SetId[];
  /** A dry run: they would be copied. */
  readonly isPlanned: boolean;
}

/**
 * Copies the sets of `origin` to the remote of the repository where that lacks them. Deletes nothing. A chain with a
 * damaged set is copied up to that; the first damage is thrown at the end.
 */
export async function replicate(to: Repository, options: ReplicateOptions): Promise<ReplicateResult> {
  const { origin, before = Infinity, encoding, concurrency } = options;
  using lock = await lockArchive(to);
  void lock;
  const from: Repository = { ...to, ...origin };
  const replica = await readReplica(to).catch((error: unknown) => {
    if (to.makesPlace || !isNotThere(error)) throw error;
    return NO_REPLICA;
  });
  const source = await readReplica(from);
  announceLastFull(to, regroup(to, [...replica.names], []));
  const collection = regroup(from, [...source.names], []);
  emitWarnings(to, collection);

  const chains = [...collection.chains, ...collection.ahead].map((chain) =>
    [...restorableSets(chain), ...restorableBeside(chain)].filter(({ end }) => end < before).sort(byTime),
  );
  const found = chains.reduce((sum, sets) => sum + sets.length, 0);
  const copied: SetId[] = [];
  if (found === 0) return { found, copied, isPlanned: to.dryRun };
  const replication = new SetReplication({ from, to, source, replica, encoding, concurrency });
  let failure: DuplicityError | undefined;
  for (const sets of chains) {
    const damages = await copyChain(sets, async (set) => {
      if (await replication.copy(set)) copied.push(idOf(set));
    });
    for (const damage of damages) {
      if (failure !== undefined) to.emit({ kind: 'warning', text: damage.message });
      failure ??= damage;
    }
  }
  await to.remote.confirm();
  if (failure !== undefined) throw failure;
  return { found, copied, isPlanned: to.dryRun };
}

/**
 * In order, so that what is there can be restored at any time. Answers what is wrong with sets that cannot be copied; what
 * builds on them is left out.
 */
async function copyChain(
  sets: readonly BackupSet[],
  copy: (set: BackupSet) => Promise<void>,
): Promise<readonly DuplicityError[]> {
  const damages: DuplicityError[] = [];
  const there = new Set<EpochSeconds>();
  for (const set of sets) {
    if (set.type === 'inc' && !there.has(set.start)) continue;
    try {
      await copy(set);
      there.add(set.end);
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
