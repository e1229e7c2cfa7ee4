import { planSync } from '../cache/sync-plan.ts';
import { reportSync, runSync } from '../cache/sync.ts';
import { lastFullTime, type Collection } from '../collections/collection.ts';
import { asctime, type EpochSeconds } from '../util/time.ts';
import { dropCutManifests } from './discard-partial.ts';
import { fetchDecoded } from './fetch-decoded.ts';
import { loadCollection, regroup } from './load-collection.ts';
import type { Session } from './session.ts';

/** Lists both places and makes the archive dir hold the metadata that the state at `time` needs. */
export async function synchronise(session: Session, time: EpochSeconds): Promise<Collection> {
  const { archiveDir, settings, keys, emit, call, backend } = session;
  let collection = await loadCollection(session);
  if (!settings.dryRun && collection.staleParts.length > 0) collection = await dropCutManifests(session, collection);
  const plan = planSync(collection, { mode: settings.metadataSyncMode, time });
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
    parallel: backend.traits.parallel,
    emit,
    signal: call.signal,
    fetch: (name, signal) => fetchDecoded(session, name, { signal, reuses: true }),
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
