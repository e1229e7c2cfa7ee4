import { parseName } from '../../archive/names/names.ts';
import type { Deletion } from '../../collections/deletion.ts';
import { setKey } from '../../collections/listing.ts';
import { BackendError } from '../../errors/errors.ts';
import type { Repository } from '../../repository/repository.ts';

/**
 * Deletes in the order given. What cannot be deleted is a warning, and the first such failure is thrown at the end. A set
 * whose manifest stays keeps its volumes, too: without them it would still look complete.
 */
export async function deleteFiles(
  {
    backend,
    archiveDir,
    call,
    emit,
    prefixes,
  }: Pick<Repository, 'backend' | 'archiveDir' | 'call' | 'emit' | 'prefixes'>,
  files: readonly Deletion[],
): Promise<void> {
  let failure: BackendError | undefined;
  let kept: string | undefined;
  for (const { place, name } of files) {
    const parsed = parseName(name, { prefixes });
    if (kept !== undefined && parsed?.kind === 'volume' && setKey(parsed) === kept) continue;
    if (place === 'local') {
      archiveDir.remove(name);
      continue;
    }
    try {
      await backend.delete(name, call);
    } catch (error) {
      if (!(error instanceof BackendError)) throw error;
      failure ??= error;
      if (parsed?.kind === 'manifest') kept = setKey(parsed);
      emit({ kind: 'warning', text: `${name} could not be deleted: ${error.message}` });
    }
  }
  if (failure !== undefined) throw failure;
}
