import type { Collection } from '../../collections/collection.ts';
import { byTime } from '../../collections/listing.ts';
import { restorableBeside, restorableSets } from '../../collections/restorable.ts';
import type { BackupSet } from '../../collections/sets.ts';
import { BackendError, ChainError, IntegrityError, type DuplicityError } from '../../errors/errors.ts';
import type { Emit } from '../../events/events.ts';
import type { EpochSeconds } from '../../util/time.ts';

/** The finished sets of each chain from before a time, those beside the chain included. */
export function chainsToCopy({ chains, ahead }: Collection, before: EpochSeconds): readonly (readonly BackupSet[])[] {
  return [...chains, ...ahead].map((chain) =>
    [...restorableSets(chain), ...restorableBeside(chain)].filter(({ end }) => end < before).sort(byTime),
  );
}

/**
 * Copies chain by chain, with `copy`, which tells whether the set is there now. A chain with a damaged set is copied up to that; the first damage is answered, others are warnings.
 */
export async function copyChains(
  chains: readonly (readonly BackupSet[])[],
  emit: Emit,
  copy: (set: BackupSet) => Promise<boolean>,
): Promise<DuplicityError | undefined> {
  let failure: DuplicityError | undefined;
  for (const sets of chains) {
    for (const damage of await copyChain(sets, copy)) {
      if (failure !== undefined) emit({ kind: 'warning', text: damage.message });
      failure ??= damage;
    }
  }
  return failure;
}

/**
 * In order, so that what is there can be restored at any time. Answers what is wrong with sets that cannot be copied; what
 * builds on them is left out.
 */
async function copyChain(
  sets: readonly BackupSet[],
  copy: (set: BackupSet) => Promise<boolean>,
): Promise<readonly DuplicityError[]> {
  const damages: DuplicityError[] = [];
  const there = new Set<EpochSeconds>();
  for (const set of sets) {
    if (set.type === 'inc' && !there.has(set.start)) continue;
    try {
      if (await copy(set)) there.add(set.end);
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
