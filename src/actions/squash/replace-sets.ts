import type { Collection } from '../../collections/collection.ts';
import { setKey } from '../../collections/listing.ts';
import { signaturesBySet } from '../../collections/lookup.ts';
import type { Needs } from '../../collections/needs.ts';
import { type BackupSet, hasVolumes, type SetId } from '../../collections/sets.ts';
import { filesBySet } from '../../collections/prune/files-of-set.ts';
import { leftBehind, type planSquash, type SquashPlan } from '../../collections/squash/plan-squash.ts';
import { BackendError, IntegrityError } from '../../errors/errors.ts';
import { planSet } from '../../pipeline/unpack/set-plan.ts';
import { loadCollection } from '../../repository/load-collection.ts';
import { readSetManifest } from '../../repository/metadata/read-manifest.ts';
import type { Repository } from '../../repository/repository.ts';
import { ROOT } from '../../util/bytepath.ts';
import { asctime } from '../../util/time.ts';
import { deleteFiles } from '../remove/delete-files.ts';
import type { SquashRules } from './squash.ts';
import { writeMerged } from './write-merged.ts';

/**
 * The metadata that a squash brings to the archive dir. Signatures are read where they are: without those of the full backup,
 * which it does not need, the archive dir could do nothing with them.
 */
export function neededBySquash(collection: Collection, plan: ReturnType<typeof planSquash>): ReturnType<Needs> {
  if ('obstacle' in plan || plan.sets.length < 2) return [];
  const keys = new Set([...plan.sets, plan.merged].map(setKey));
  return collection.remote.filter((file) => file.kind === 'manifest' && keys.has(setKey(file))).map(({ name }) => name);
}

/**
 * Writes the one, unless it is there, then deletes those it takes the place of. A run that dies leaves what the next one of
 * the same kind goes on with: what is complete stays, and the rest is made anew. Answers what there is then.
 */
export async function replaceSets(
  repository: Repository,
  {
    collection,
    plan,
    rules,
  }: { readonly collection: Collection; readonly plan: SquashPlan; readonly rules: SquashRules },
): Promise<Collection> {
  const { merged, sets, written } = plan;
  let found = collection;
  if (sets.length > 1) {
    if (written === undefined || !(await isWhole(repository, collection, written))) {
      await deleteFiles(repository, filesBySet(collection)(merged));
      await writeMerged(repository, { collection, sets, merged, rules });
    }
    // Of the oldest set first: nothing can then lead to the newer ones, and the one that has taken their place is the way at
    // once, for the reference, too. The newest first would leave a longer way that ends earlier.
    const filesOf = filesBySet(collection);
    for (const set of sets) {
      repository.emit({ kind: 'info', text: `Deleting backup set ${asctime(set.end)}, which the new one holds.` });
      await deleteFiles(repository, filesOf(set));
    }
    found = await loadCollection(repository);
    dropLoneSignatures(repository, found, merged);
  }
  const leftovers = leftBehind(found, merged);
  if (leftovers.length === 0) return found;
  await deleteFiles(repository, leftovers.flatMap(filesBySet(found)));
  return loadCollection(repository);
}

/** Their copy in the archive dir, where that has none of the sets before. */
function dropLoneSignatures({ archiveDir }: Repository, { orphanedSignatures, local }: Collection, set: SetId): void {
  const orphaned = new Set(orphanedSignatures.local);
  for (const file of local) {
    if (orphaned.has(file.name) && setKey(file) === setKey(set)) archiveDir.remove(file.name);
  }
}

/** An earlier run has finished it. */
async function isWhole(repository: Repository, collection: Collection, set: BackupSet): Promise<boolean> {
  const isThere = set.manifest !== undefined && hasVolumes(set) && set.unusable.length === 0;
  if (!isThere || signaturesBySet(collection)(set)?.place === undefined) return false;
  try {
    planSet(set, await readSetManifest(repository, set), ROOT, { ...repository, ignoreErrors: false });
    return true;
  } catch (error) {
    if (error instanceof IntegrityError || error instanceof BackendError) return false;
    throw error;
  }
}
