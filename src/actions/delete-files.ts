import type { Deletion } from '../collections/deletion.ts';
import { BackendError } from '../errors/errors.ts';
import type { Session } from './session.ts';

/** Deletes in the order given. What cannot be deleted is a warning, and the first such failure is thrown at the end. */
export async function deleteFiles(
  { backend, archiveDir, call, emit }: Pick<Session, 'backend' | 'archiveDir' | 'call' | 'emit'>,
  files: readonly Deletion[],
): Promise<void> {
  let failure: BackendError | undefined;
  for (const { place, name } of files) {
    if (place === 'local') {
      archiveDir.remove(name);
      continue;
    }
    try {
      await backend.delete(name, call);
    } catch (error) {
      if (!(error instanceof BackendError)) throw error;
      failure ??= error;
      emit({ kind: 'warning', text: `${name} could not be deleted: ${error.message}` });
    }
  }
  if (failure !== undefined) throw failure;
}
