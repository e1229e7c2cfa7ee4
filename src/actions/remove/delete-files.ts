import { type FileName, parseName } from '../../archive/names/names.ts';
import type { Deletion } from '../../collections/deletion.ts';
import { noteRemoved } from '../../cache/ledger.ts';
import { setKey } from '../../collections/listing.ts';
import { BackendError } from '../../errors/errors.ts';
import type { Repository } from '../../repository/repository.ts';
import type { EpochSeconds } from '../../util/time.ts';

/** A store that refuses one deletion refuses them all, as with object lock. */
const TOLD = 5;

/**
 * Deletes in the order given, of a chain the newest set first. What cannot be deleted is a warning, and the first such
 * failure is thrown at the end. A set whose manifest stays keeps all its files: without them it would still look complete.
 * So do the sets that it builds on.
 */
export async function deleteFiles(
  {
    backend,
    archiveDir,
    call,
    emit,
    prefixes,
    now,
  }: Pick<Repository, 'backend' | 'archiveDir' | 'call' | 'emit' | 'prefixes' | 'now'>,
  files: readonly Deletion[],
): Promise<void> {
  let failure: BackendError | undefined;
  let failures = 0;
  const kept = new Set<string>();
  const removed = new Set<string>();
  /** When the sets end that those build on. */
  const bases = new Set<EpochSeconds>();
  for (const { place, name } of files) {
    const parsed = parseName(name, { prefixes });
    if (parsed !== undefined && (kept.has(setKey(parsed)) || bases.has(parsed.end))) {
      keep(parsed);
      continue;
    }
    if (place === 'local') {
      archiveDir.remove(name);
      continue;
    }
    try {
      await backend.delete(name, call);
      if (parsed?.kind === 'manifest') removed.add(setKey(parsed));
    } catch (error) {
      if (!(error instanceof BackendError)) throw error;
      failure ??= error;
      if (parsed?.kind === 'manifest') keep(parsed);
      failures++;
      if (failures <= TOLD) emit({ kind: 'warning', text: `${name} could not be deleted: ${error.message}` });
    }
  }
  if (failures > TOLD) emit({ kind: 'warning', text: `${failures - TOLD} more could not be deleted.` });
  noteRemoved(archiveDir, removed, now);
  if (failure !== undefined) throw failure;

  function keep(set: FileName): void {
    kept.add(setKey(set));
    if (set.type === 'inc') bases.add(set.start);
  }
}
