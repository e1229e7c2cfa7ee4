import { localFailure } from '../crypto/local-failure.ts';
import { BackendError, IntegrityError, LocalError } from '../errors/errors.ts';
import { isErrno } from '../util/errno.ts';

interface StoredFile {
  readonly name: string;
  readonly path: string;
  /** Read where it lies: that it cannot be is a failure of the remote. */
  readonly isLocal: boolean;
}

/**
 * The hash of a stored file or whatever else a look at it gives, now or later. A refused call is a `BackendError`, or a
 * `LocalError` about the copy here.
 */
export function lookAtStored<T>(file: StoredFile, look: () => T): T {
  const refused = (error: unknown): never => {
    throw refusalOf(file, error);
  };
  try {
    const seen = look();
    return seen instanceof Promise ? (seen.catch(refused) as T) : seen;
  } catch (error) {
    return refused(error);
  }
}

function refusalOf({ name, path, isLocal }: StoredFile, error: unknown): unknown {
  if (!isErrno(error)) return error;
  const failure = localFailure('read', path, error);
  if (!isLocal || !isUnreadable(failure)) return failure;
  const isDenied = error.code === 'EACCES' || error.code === 'EPERM';
  return new BackendError(isDenied ? 'BACKEND_PERMISSION_DENIED' : 'BACKEND_ERROR', failure.message, {
    retryable: false,
    exception: isDenied ? 'PermissionError' : 'OSError',
    fields: ['get', `'${name}'`],
    cause: error,
  });
}

/**
 * What a stored file holds. That the system does not let us read it on (EACCES, EIO) is damage like any other: it is
 * about this file, not about this machine, and what other files hold can be had. The failure keeps its code and words.
 */
export async function* storedBytes(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* bytes;
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    const { code, message, hint, exception } = error;
    throw new IntegrityError(code, message, {
      cause: error,
      ...(hint !== undefined && { hint }),
      ...(exception !== undefined && { exception }),
    });
  }
}

/** Whether a file could not be read, as opposed to one that could not be written or a want of descriptors or memory. */
export function isUnreadable(error: unknown): error is LocalError {
  if (!(error instanceof LocalError)) return false;
  const { cause } = error;
  if (!isErrno(cause) || !['open', 'read', 'fstat', 'stat'].includes(cause.syscall ?? '')) return false;
  return !['EMFILE', 'ENFILE', 'ENOMEM', 'ENOSPC', 'EDQUOT'].includes(cause.code ?? '');
}
