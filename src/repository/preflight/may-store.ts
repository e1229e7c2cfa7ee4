import type { Body } from '../../backends/backend.ts';
import type { ActiveChain } from '../../collections/collection.ts';
import { BackendError } from '../../errors/errors.ts';
import type { Repository } from '../repository.ts';
import { bytesOf } from './resources.ts';

/**
 * Bytes of signatures in the archive dir, of some ten thousand files and more: an increment on them may read for long
 * before its first volume is full. Without them the first put comes soon and tells as much.
 */
const LONG = 4 * 1024 * 1024;

/** No program takes it for a file of a backup. */
export const PROBE = 'duplicity-probe';

/**
 * Stops a backup before it reads, where nothing can be stored. Drivers tell by means of their own, without storing
 * anything, where there are such. Else a few bytes are stored and deleted, but only where the first volume may be hours
 * away. Where they cannot be deleted they stay, and no later run sends them again.
 */
export async function checkMayStore(repository: Repository, base: ActiveChain | undefined): Promise<void> {
  const { backend, remote, archiveDir, prefixes, call, emit } = repository;
  const isFree = backend.traits.directories !== undefined;
  if (!isFree && (base === undefined || bytesOf(archiveDir, base.signatures.files) < LONG)) return;
  const name = `${prefixes.all}${PROBE}`;
  if (backend.mayStore !== undefined) return backend.mayStore(call).catch((error: unknown) => asPut(error, name));
  if (isFree || remote.sizeOf(name) !== undefined) return;
  await backend.put(name, probeBody(), call);
  try {
    await backend.delete(name, call);
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    emit({ kind: 'info', text: `${name}, which was stored to try that, stays: ${error.message}` });
  }
}

/** Front ends know what cannot be stored by the fields of a put. */
function asPut(error: unknown, name: string): never {
  if (!(error instanceof BackendError)) throw error;
  const { code, message, hint, exception } = error;
  const fields = ['put', `'${name}'`, `'${name}'`];
  throw new BackendError(code, message, {
    retryable: false,
    cause: error,
    fields,
    ...(hint !== undefined && { hint }),
    ...(exception !== undefined && { exception }),
  });
}

export function probeBody(text = 'probe\n'): Body {
  const content = Buffer.from(text);
  return {
    size: content.length,
    open: async function* () {
      yield content;
    },
  };
}
