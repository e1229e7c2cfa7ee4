import { parseName } from '../../archive/names/names.ts';
import { isNotThere } from '../../backends/failures/not-there.ts';
import { dropStrayJournals } from '../../cache/journal.ts';
import { dropStaleParts } from '../../cache/partial.ts';
import { planCleanup, type Deletion } from '../../collections/deletion.ts';
import { emitWarnings, loadCollection } from '../../repository/load-collection.ts';
import { deleteFiles } from './delete-files.ts';
import { unfinishedFiles } from '../../repository/discard-partial.ts';
import { withoutDamaged } from '../../repository/without-damaged.ts';
import { lockArchive } from '../../repository/lock.ts';
import type { Repository } from '../../repository/repository.ts';
import { announceLastFull } from '../../repository/synchronise.ts';

export interface CleanupOptions {
  /** Without it the files are found, and none deleted. */
  readonly force: boolean;
}

/** What belongs to no complete set, and whether it is gone. */
export interface CleanupResult {
  /** Names of files that belong to no complete set, local ones included. */
  readonly files: readonly string[];
  /** They are gone. */
  readonly isRemoved: boolean;
}

/**
 * Finds, and with `force` deletes, files that belong to no complete set. Needs neither source nor key; with one it knows
 * damaged manifests.
 */
export async function cleanup(repository: Repository, { force }: CleanupOptions): Promise<CleanupResult> {
  const { archiveDir, dryRun, emit, makesPlace } = repository;
  using lock = await lockArchive(repository);
  void lock;
  let collection = await withoutDamaged(repository, await loadCollection(repository));
  emitWarnings(repository, collection);
  announceLastFull(repository, collection);
  let plan = planCleanup(collection);
  const { partial, staleParts } = collection;
  const first = partial === undefined ? [] : unfinishedFiles(collection, partial);
  if (force && !dryRun) dropStaleParts(archiveDir, staleParts);
  const parts = await unfinishedUploads(repository).catch((error: unknown) => {
    if (makesPlace || !isNotThere(error)) throw error;
    return [];
  });
  const files = [
    ...first.map(({ name }) => name),
    ...plan.names,
    ...[...plan.signatures, ...parts].map(({ name }) => name),
  ];
  if (files.length === 0 || !force) return { files, isRemoved: false };
  emit({ kind: 'cleaning', names: files });
  if (dryRun) return { files, isRemoved: false };
  if (first.length > 0) {
    // What belongs to what is different once the unfinished set is gone.
    await deleteFiles(repository, first);
    collection = await loadCollection(repository);
    plan = planCleanup(collection);
  }
  await deleteFiles(repository, [...plan.signatures, ...plan.files, ...plan.copies, ...parts]);
  dropStrayJournals(archiveDir);
  return { files, isRemoved: true };
}

/** What killed runs left of our uploads; not what other programs have left of theirs. */
async function unfinishedUploads({ backend, prefixes, timeSeparator, call }: Repository): Promise<readonly Deletion[]> {
  const found: Deletion[] = [];
  const naming = { prefixes, timeSeparator };
  for await (const { name } of backend.unfinished?.(call) ?? []) {
    // `.NAME.part` of ours, also of a recovery file and with what rclone appends, or `.NAME.XXXXXX` of rsync.
    const stored = /^\.(.+?)(?:(?:\.vol\d+\+\d+)?\.par2)?\.(?:part(?:\..*)?|[A-Za-z0-9]{6})$/.exec(name)?.[1];
    if (stored !== undefined && parseName(stored, naming) !== undefined) found.push({ place: 'remote', name });
  }
  return found.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
