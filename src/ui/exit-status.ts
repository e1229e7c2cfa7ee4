import { CODES } from '../errors/codes.ts';
import { DuplicityError } from '../errors/errors.ts';

/** The exit status of a run that ended with this. */
export function exitStatus(thrown: unknown): number {
  return thrown instanceof DuplicityError ? thrown.exitCode : CODES.EXCEPTION;
}
