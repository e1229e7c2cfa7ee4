import { isErrno } from '../util/errno.ts';
import { DuplicityError } from './errors.ts';

/** Our own failures as they are, those of the system as one of ours. All else is a bug, or of whoever called. */
export function knownFailure(thrown: unknown): DuplicityError | undefined {
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
  return undefined;
}

/** What anything thrown looks like to the user: a bug with its stack, unless it is known. */
export function toFailure(thrown: unknown, version: string): DuplicityError {
  const known = knownFailure(thrown);
  if (known !== undefined) return known;
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
