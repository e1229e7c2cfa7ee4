import { allSets, type Collection } from '../collections/collection.ts';
import type { BackupSet } from '../collections/sets.ts';
import { CryptoError, IntegrityError } from '../errors/errors.ts';
import { damageOf } from '../pipeline/unpack/set-plan.ts';
import { regroup } from './load-collection.ts';
import { readRemoteManifest } from './metadata/read-manifest.ts';
import type { Repository } from './repository.ts';

/** A damaged transfer must not be taken for a damaged file: what it says gets deleted. */
const TRIES = 2;

/**
 * The collection in which sets whose manifest is damaged are incomplete. Read are the manifests of which the archive dir
 * has no copy, as far as nobody has to be asked for a passphrase; one that cannot be decrypted here counts as sound.
 */
export async function withoutDamaged(repository: Repository, collection: Collection): Promise<Collection> {
  const { emit, keys, remote } = repository;
  const before = remote.unusable.size;
  for (const set of allSets(collection)) {
    const { manifest, localManifest } = set;
    if (manifest === undefined || localManifest !== undefined || keys.wouldAsk(manifest)) continue;
    const damage = await damageIn(repository, set);
    if (damage === undefined) continue;
    emit({ kind: 'warning', text: `${damage.message}\n${manifest} counts as missing.` });
    remote.unusable.add(manifest);
  }
  if (remote.unusable.size === before) return collection;
  return regroup(
    repository,
    collection.remote.map(({ name }) => name),
  );
}

async function damageIn(repository: Repository, set: BackupSet): Promise<IntegrityError | undefined> {
  const tries = repository.remote.isLocal ? 1 : TRIES;
  let damage: IntegrityError | undefined;
  for (let attempt = 0; attempt < tries; attempt++) {
    try {
      damage = damageOf(set, await readRemoteManifest(repository, set.manifest ?? ''));
    } catch (error) {
      if (error instanceof CryptoError) return undefined;
      if (!(error instanceof IntegrityError)) throw error;
      damage = error;
    }
    if (damage === undefined) return undefined;
  }
  return damage;
}
