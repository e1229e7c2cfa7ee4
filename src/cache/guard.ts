import { errorCode } from '../util/errno.ts';
import { DuplicityError, LocalError } from '../errors/errors.ts';

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'part of its path is not a directory',
  EEXIST: 'there is a file of that name',
  ENOSPC: 'no space left on the device',
  EDQUOT: 'the disk quota is used up',
  EIO: 'the disk has an error',
  EMFILE: 'too many files are open',
  ENAMETOOLONG: 'the name is too long',
};

/** Runs `action` on the archive dir at `path`; what the system refuses becomes BAD_ARCHIVE_DIR (exit 9). */
export function guard<T>(path: string, cannotBe: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw explain(path, cannotBe, error);
  }
}

/** The same for an action that takes its time. */
export async function guardAsync<T>(path: string, cannotBe: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw explain(path, cannotBe, error);
  }
}

function explain(path: string, cannotBe: string, error: unknown): unknown {
  const code = errorCode(error);
  if (code === undefined || error instanceof DuplicityError) return error;
  return new LocalError('BAD_ARCHIVE_DIR', `The archive dir ${path} cannot be ${cannotBe}: ${REASONS[code] ?? code}.`, {
    hint: 'Name another one with --archive-dir, or make this one accessible.',
    cause: error,
  });
}
