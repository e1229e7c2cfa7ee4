import { readManifest } from '../archive/manifest/manifest-reader.ts';
import { fileBlocks } from '../crypto/read-file.ts';
import { type Copy, planSync, type SyncPlan } from '../cache/sync-plan.ts';
import { copyFiles, reportSync, runSync } from '../cache/sync.ts';
import { allSets, lastFullTime, type Collection } from '../collections/collection.ts';
import { isOvertaken } from '../collections/lookup.ts';
import type { Needs } from '../collections/needs.ts';
import { CryptoError, IntegrityError } from '../errors/errors.ts';
import { damageOf } from '../pipeline/unpack/set-plan.ts';
import type { EpochSeconds } from '../util/time.ts';
import { dropCutManifests } from './discard-partial.ts';
import { loadCollection, regroup } from './load-collection.ts';
import { watchFetched, watchStore } from './ledger/watch.ts';
import { keepRates } from './rates.ts';
import type { Repository } from './repository.ts';
import { storedBytes } from './metadata/stored-bytes.ts';
import { withoutDamaged } from './without-damaged.ts';

/** Metadata files worked on at once: that many decoders find work on libuv's pool, more only hide slow transfers. */
const FEWEST = 4;
const MOST = 8;

interface SyncScope {
  readonly needs: Needs;
  /**
   * What is needed and damaged counts as missing, and what is needed without it is fetched instead. Otherwise it ends the
   * run: who asks for a state is not given another one.
   */
  readonly mayLack?: boolean;
  /** The time whose state is asked for. */
  readonly time?: EpochSeconds;
}

/**
 * Lists both places and makes the archive dir hold the metadata that are needed. With `--metadata-sync-mode full` it gets
 * the others as well, as far as they can be read; none of them is in the way of anything.
 */
export async function synchronise(
  repository: Repository,
  { needs, mayLack = false, time }: SyncScope,
): Promise<Collection> {
  const { dryRun, metadataSync, keys, remote, emit } = repository;
  let collection = await loadCollection(repository);
  const isNothing = collection.remote.length === 0 && collection.local.length === 0;
  // Perhaps the place is not there, and what there is of it here does not count.
  if (isNothing && !repository.makesPlace) return collection;
  const isTold = await watchStore(repository, collection);
  if (!dryRun && collection.staleParts.length > 0) collection = await dropCutManifests(repository, collection);
  // A newer set beside the way: perhaps that way was damaged already when it was made, and it is the state that is meant.
  if (time !== undefined && isOvertaken(collection, time)) collection = await withoutDamaged(repository, collection);
  for (;;) {
    const plan = planSync(collection, { mode: metadataSync, needed: needs(collection) });
    if (dryRun) {
      reportSync(plan, emit);
      return collection;
    }
    if (plan.emptiesCache && !isTold) {
      const text =
        'The remote holds no backup, though there was one: the local metadata go as well.\n' +
        'If that is not meant, check that the right place is mounted and named.';
      emit({ kind: 'warning', text });
    }
    // Asked for once, before several files are fetched at the same time.
    await keys.reader(plan.copies.map(({ name }) => name));
    const damaged: Copy[] = [];
    const onFailure = (copy: Copy, error: unknown): void => {
      if (!mayLack || !(error instanceof IntegrityError)) throw error;
      emit({ kind: 'warning', text: `${error.message}\n${copy.name} counts as missing.` });
      damaged.push(copy);
      remote.unusable.add(copy.name);
    };
    const check = (copy: Copy): Promise<void> => checkCopy(repository, copy, mayLack ? collection : undefined);
    await runSync(plan, { ...transfers(repository), onFailure, check });
    await copyExtras(repository, plan);
    watchFetched(repository);
    collection = regroup(
      repository,
      collection.remote.map(({ name }) => name),
    );
    await keepRates(repository);
    if (damaged.length === 0) return collection;
  }
}

function transfers(repository: Repository): Parameters<typeof copyFiles>[1] {
  const { archiveDir, remote, emit, call } = repository;
  return {
    archiveDir,
    emit,
    // A file read in place does not change by reading it again.
    tries: remote.isLocal ? 1 : 2,
    parallel: Math.max(FEWEST, Math.min(MOST, remote.parallel)),
    signal: call.signal,
    fetch: (copy, signal) => storedBytes(repository, copy, signal),
    check: (copy) => checkCopy(repository, copy),
  };
}

/** Any bytes can be decoded where nothing is encrypted; with a collection a manifest must fit its set, too. */
async function checkCopy(
  repository: Repository,
  { kind, name, localName }: Copy,
  collection?: Collection,
): Promise<void> {
  const { archiveDir, ledger, call } = repository;
  if (ledger?.strict === true) watchFetched(repository);
  if (kind !== 'manifest') return;
  const manifest = await readManifest(fileBlocks(archiveDir.pathOf(localName), { signal: call.signal, reuses: true }), {
    name,
  });
  const set = collection && allSets(collection).find(({ manifests }) => manifests.includes(name));
  const damage = set && damageOf(set, manifest);
  if (damage !== undefined) throw damage;
}

/** Nobody is asked for a passphrase, and nothing fails, for what is not needed. */
async function copyExtras(repository: Repository, { extras }: SyncPlan): Promise<void> {
  const { keys, emit } = repository;
  const readable = extras.filter(({ name }) => !keys.wouldAsk(name));
  let left = extras.length - readable.length;
  await copyFiles(readable, {
    ...transfers(repository),
    onFailure: (copy, error) => {
      if (error instanceof CryptoError) left++;
      else if (error instanceof IntegrityError) emit({ kind: 'warning', text: error.message });
      else throw error;
    },
  });
  if (left === 0) return;
  const files = left === 1 ? '1 metadata file' : `${left} metadata files`;
  emit({
    kind: 'warning',
    text: `Without the key, ${files} that this run does not need cannot be read and stay away.`,
  });
}

export function announceLastFull({ emit }: Repository, collection: Collection): void {
  emit({ kind: 'lastFull', time: lastFullTime(collection) });
}
