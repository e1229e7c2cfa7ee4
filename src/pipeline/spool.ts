import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { LocalError } from '../errors/errors.ts';
import { errorCode } from '../util/errno.ts';
import { claim, removeAbandoned } from './abandoned.ts';

/**
 * A private temporary directory (0700) for volumes on their way and content that does not fit in memory. Removed as a
 * whole when the run ends; that of a run that was killed, with the next one.
 */
export interface Spool extends Disposable {
  readonly directory: string;
  /** The same, when it has been needed by now. */
  readonly existing: string | undefined;
  /** A name not used before; nothing is created. */
  newPath(hint: string): string;
  /** Bytes free on the file system that holds it. */
  freeBytes(): number;
}

/** `roots` are directories to try, best first; the first that can be used is. Nothing is made before it is needed. */
export function openSpool(roots: readonly string[]): Spool {
  let made: string | undefined;
  let count = 0;
  const directory = (): string => (made ??= makeDirectory(roots));
  return {
    get directory() {
      return directory();
    },
    get existing() {
      return made;
    },
    newPath: (hint) => join(directory(), `${String(++count)}-${hint}`),
    freeBytes: () => {
      const { bavail, bsize } = statfsSync(directory());
      return bavail * bsize;
    },
    [Symbol.dispose]: () => {
      if (made !== undefined) discard(made);
      // What a run that was killed has left goes with the next one, whether that needs room here or not.
      else if (roots[0] !== undefined) removeAbandoned(roots[0]);
    },
  };
}

/** What was done, or what went wrong, counts. What cannot be removed the next run may. */
function discard(directory: string): void {
  try {
    rmSync(directory, { recursive: true, force: true });
  } catch {
    // See above.
  }
}

function makeDirectory(roots: readonly string[]): string {
  const failures: unknown[] = [];
  for (const root of roots) {
    try {
      const made = mkdtempSync(join(root, 'duplicity-'));
      try {
        claim(made);
      } catch (error) {
        discard(made);
        throw error;
      }
      removeAbandoned(root);
      return made;
    } catch (cause) {
      failures.push(cause);
    }
  }
  // The one that was meant, by an option or by a variable.
  const [cause] = failures;
  const reason = errorCode(cause) === 'EDQUOT' ? 'the disk quota is used up' : String((cause as Error).message);
  throw new LocalError('USER_ERROR', `The temporary directory ${roots[0]} cannot be used: ${reason}.`, {
    hint: 'Name an existing, writable directory with --tempdir or TMPDIR.',
    cause,
  });
}
