import { type FileName, parseName } from '../../archive/names/names.ts';
import type { Deletion } from '../../collections/deletion.ts';
import { setKey } from '../../collections/listing.ts';
import { BackendError } from '../../errors/errors.ts';
import { announceRemoval } from '../../repository/ledger/note.ts';
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
    ledger,
  }: Pick<Repository, 'backend' | 'archiveDir' | 'call' | 'emit' | 'prefixes' | 'ledger'>,
  files: readonly Deletion[],
): Promise<void> {
  let failure: BackendError | undefined;
  let failures = 0;
  const kept = new Set<string>();
  /** When the sets end that those build on. */
  const bases = new Set<EpochSeconds>();
  let isSettled = true;
  if (ledger !== undefined) await announceRemoval({ backend, ledger, call }, removedBy(files, prefixes));
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
      // A power failure must not bring back a manifest whose volumes are gone.
      if (!isSettled && parsed?.kind !== 'manifest') await backend.flush?.();
      isSettled = parsed?.kind !== 'manifest';
      await backend.delete(name, call);
    } catch (error) {
      if (!(error instanceof BackendError)) throw error;
      failure ??= error;
      if (parsed?.kind === 'manifest') keep(parsed);
      failures++;
      if (failures <= TOLD) emit({ kind: 'warning', text: `${name} could not be deleted: ${error.message}` });
    }
  }
  if (failures > TOLD) emit({ kind: 'warning', text: `${failures - TOLD} more could not be deleted.` });
  if (failure !== undefined) throw failure;

  function keep(set: FileName): void {
    kept.add(setKey(set));
    if (set.type === 'inc') bases.add(set.start);
  }
}

/** Sets whose manifest on the remote goes. */
function removedBy(files: readonly Deletion[], prefixes: Repository['prefixes']): readonly string[] {
  return files.flatMap(({ place, name }) => {
    const parsed = place === 'remote' ? parseName(name, { prefixes }) : undefined;
    return parsed?.kind === 'manifest' ? setKey(parsed) : [];
  });
}
