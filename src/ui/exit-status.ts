import { CODES } from '../errors/codes.ts';
import { DuplicityError } from '../errors/errors.ts';
import { isErrno } from '../util/errno.ts';

/** What anything thrown looks like to the user: our own failures as they are, all else as a bug with its stack. */
export function toFailure(thrown: unknown, version: string): DuplicityError {
  if (thrown instanceof DuplicityError) return thrown;
  if (isErrno(thrown)) {
    return new DuplicityError('EXCEPTION', `The system refused something: ${thrown.message}.`, {
      cause: thrown,
      exception: 'OSError',
    });
  }
  if (isOutOfMemory(thrown)) {
    return new DuplicityError('EXCEPTION', `There is not enough memory: ${thrown.message}.`, {
      cause: thrown,
      exception: 'MemoryError',
      hint: 'Raise the limit of this process (ulimit -v, or that of its container).',
    });
  }
  const stack = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  return new DuplicityError('EXCEPTION', stack, {
    cause: thrown,
    exception: thrown instanceof Error ? thrown.name : 'Error',
    hint: `This is a bug in duplicity ${version}: please report it with the lines above.`,
  });
}

function isOutOfMemory(thrown: unknown): thrown is RangeError {
  return thrown instanceof RangeError && /allocat|out of memory/i.test(thrown.message);
}

/** The exit status of a run that ended with this. */
export function exitStatus(thrown: unknown): number {
  return thrown instanceof DuplicityError ? thrown.exitCode : CODES.EXCEPTION;
}
