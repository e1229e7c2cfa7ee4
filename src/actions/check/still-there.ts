import type { BackupSet, SetId } from '../../collections/sets.ts';
import { idOf } from '../../collections/sets.ts';
import { setKey } from '../../collections/listing.ts';
import type { Repository } from '../../repository/repository.ts';
import type { Damage } from './report.ts';

interface StillThere {
  readonly damage: readonly Damage[];
  /** Sets that have gone since. */
  readonly removed: readonly SetId[];
}

/**
 * Looks again before damage is told: sets that were removed meanwhile are none. A removal takes the manifest first.
 */
export async function stillThere(
  { backend, call }: Repository,
  sets: readonly BackupSet[],
  damage: readonly Damage[],
): Promise<StillThere> {
  if (damage.length === 0) return { damage, removed: [] };
  const names = new Set<string>();
  for await (const { name } of backend.list(call)) names.add(name);
  const gone = sets.filter(({ manifests }) => manifests.length > 0 && !manifests.some((name) => names.has(name)));
  const keys = new Set(gone.map(setKey));
  return { damage: damage.filter(({ set }) => !keys.has(setKey(set))), removed: gone.map(idOf) };
}
