import { getSystemErrorMap } from 'node:util';
import { LocalError } from '../errors/errors.ts';
import { errorCode } from '../util/errno.ts';

/**
 * The failure of a system call on a local file, in the words front ends look for: `[Errno 28] No space left on device`
 * with the exception name of the reference.
 */
export function localFailure(verb: 'create' | 'write' | 'read', path: string, error: unknown): LocalError {
  const { errno } = error as NodeJS.ErrnoException;
  const code = errorCode(error);
  const name = code === 'ENOENT' ? 'FileNotFoundError' : 'OSError';
  const hint =
    code === 'ENOSPC' || code === 'EDQUOT'
      ? 'Free some space there, or name another temporary directory with --tempdir.'
      : undefined;
  return new LocalError('EXCEPTION', `Cannot ${verb} ${path}: ${describe(errno, error)}`, {
    exception: name,
    cause: error,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** By node. */
const UNTOLD: Readonly<Record<string, string>> = {
  EDQUOT: 'disk quota exceeded',
  ESTALE: 'stale file handle',
};

function describe(errno: number | undefined, error: unknown): string {
  const name = errorCode(error) ?? '';
  const text = UNTOLD[name] ?? (errno === undefined ? undefined : getSystemErrorMap().get(errno)?.[1]);
  if (errno === undefined || text === undefined) return error instanceof Error ? error.message : String(error);
  return `[Errno ${-errno}] ${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
