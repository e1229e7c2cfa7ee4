import { LocalError } from '../../errors/errors.ts';
import type { FileIdentity } from '../../source/file-identity.ts';
import { type BytePath, comparePaths, shown } from '../../util/bytepath.ts';

/** Where the volumes that an interrupted run left end. */
export interface ResumePoint {
  /** The last path they hold. */
  readonly path: BytePath;
  /** Of that path they hold only so many pieces. */
  readonly split: SplitFile | undefined;
}

export interface SplitFile {
  readonly path: BytePath;
  /** How the pieces were made. */
  readonly how: 'snapshot' | 'diff';
  readonly pieces: number;
  /** The file they were made of. */
  readonly file: FileIdentity;
}

/** What is in the kept volumes as a whole, and in their signatures. */
export function isKept({ path: last, split }: ResumePoint, path: BytePath): boolean {
  const order = comparePaths(path, last);
  return order < 0 || (order === 0 && split === undefined);
}

/**
 * A run that was to go on in the middle of a file finds another one there, or none. It has stored nothing so far, so that
 * it can begin again at an earlier place.
 */
export class ChangedMeanwhile extends LocalError {
  constructor(path: BytePath) {
    super('GENERIC', `${shown(path)} has changed while the interrupted backup was being resumed.`, {
      hint: 'Run the backup again, or give the interrupted one up with "cleanup --force".',
    });
  }
}
