import { planSync } from '../cache/sync-plan.ts';
import { reportSync, runSync } from '../cache/sync.ts';
import { lastFullTime, type Collection } from '../collections/collection.ts';
import { asctime, type EpochSeconds } from '../util/time.ts';
import { dropCutManifests } from './discard-partial.ts';
import { loadCollection, regroup } from './load-collection.ts';
import type { Session } from './session.ts';
import { storedBytes } from './stored-bytes.ts';

/** Metadata files worked on at once: that many decoders find work on libuv's pool, more only hide slow transfers. */
const FEWEST = 4;
const MOST = 8;

interface SyncScope {
  readonly time: EpochSeconds;
  /** Without signatures unless the user asked for all metadata: damaged ones must not be in the way of a restore. */
  readonly kinds: 'all' | 'manifests';
}

/** Lists both places and makes the archive dir hold the metadata that the state at a time needs. */
export async function synchronise(session: Session, { time, kinds }: SyncScope): Promise<Collection> {
  const { archiveDir, settings, keys, emit, call } = session;
  const { metadataSyncMode: mode } = settings;
  let collection = await loadCollection(session);
  const isNothing = collection.remote.length === 0 && collection.local.length === 0;
  // Perhaps the place is not there, and what there is of it here does not count.
  if (isNothing && !session.makesPlace) return collection;
  if (!settings.dryRun && collection.staleParts.length > 0) collection = await dropCutManifests(session, collection);
  const plan = planSync(collection, { mode, time, kinds: mode === 'full' ? 'all' : kinds });
  if (settings.dryRun) {
    reportSync(plan, emit);
    return collection;
  }
  if (plan.emptiesCache) {
    const text =
      'The remote holds no backup, though there was one: the local metadata go as well.\n' +
      'If that is not meant, check that the right place is mounted and named.';
    emit({ kind: 'warning', text });
  }
  // Asked for once, before several files are fetched at the same time.
  await keys.reader(plan.copies.map(({ name }) => name));
  await runSync(plan, {
    archiveDir,
    parallel: Math.max(FEWEST, Math.min(MOST, session.remote.parallel)),
    emit,
    signal: call.signal,
    fetch: (copy, signal) => storedBytes(session, copy, signal),
  });
  return regroup(
    session,
    collection.remote.map(({ name }) => name),
  );
}

export function announceLastFull({ emit }: Session, collection: Collection): void {
  const last = lastFullTime(collection);
  emit({ kind: 'notice', text: `Last full backup date: ${last === undefined ? 'none' : asctime(last)}` });
}
