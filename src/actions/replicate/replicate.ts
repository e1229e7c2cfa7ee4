import { isNotThere } from '../../backends/failures/not-there.ts';
import { idOf, type SetId } from '../../collections/sets.ts';
import type { EpochSeconds } from '../../util/time.ts';
import { emitWarnings, regroup } from '../../repository/load-collection.ts';
import type { Encoding } from '../../repository/keys.ts';
import { lockArchive } from '../../repository/lock.ts';
import { chainsToCopy, copyChains } from './copy-chains.ts';
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
  const from: Repository = { ...to, ...origin, ledger: undefined };
  const replica = await readReplica(to).catch((error: unknown) => {
    if (to.makesPlace || !isNotThere(error)) throw error;
    return NO_REPLICA;
  });
  const source = await readReplica(from);
  announceLastFull(to, regroup(to, [...replica.names], []));
  const collection = regroup(from, [...source.names], []);
  emitWarnings(to, collection);

  const chains = chainsToCopy(collection, before);
  const found = chains.reduce((sum, sets) => sum + sets.length, 0);
  const copied: SetId[] = [];
  if (found === 0) return { found, copied, isPlanned: to.dryRun };
  const replication = new SetReplication({ from, to, source, replica, encoding, concurrency });
  const failure = await copyChains(chains, to.emit, async (set) => {
    if (await replication.copy(set)) copied.push(idOf(set));
    return true;
  });
  await to.remote.confirm();
  if (failure !== undefined) throw failure;
  return { found, copied, isPlanned: to.dryRun };
}
