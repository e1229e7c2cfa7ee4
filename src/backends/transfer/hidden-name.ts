import { BackendError, CannotCopyError } from '../../errors/errors.ts';
import type { Emit } from '../../events/events.ts';
import type { RemoteFile } from '../backend.ts';

/** What a driver does with one file, whatever it is called on the server. Failures are the driver's own. */
export interface Way {
  /** Sends or copies all of it, in the place of what is there, and looks at its size; of what fails nothing is left. */
  store(as: string): Promise<void>;
  /** Replaces `to`. */
  rename(from: string, to: string): Promise<void>;
  remove(name: string): Promise<void>;
  /** Whether the store has it, looked up anew; left out where a rename that is said to be done is done. */
  has?(name: string): Promise<boolean>;
}

/**
 * Whether an error is the server's no to a name, a rename or a deletion: `certain`, or `likely` where it may be
 * something that passes. undefined: the wire, the disk or the source.
 */
export type Verdict = 'certain' | 'likely' | undefined;

/** How files get their names in one store, for one run. */
export interface HiddenNames {
  /** A name shows up with its full content only. */
  readonly isAtomic: boolean;
  put(name: string, way: Way): Promise<void>;
  /** A whole or an empty part beside the file tells that it could neither be renamed nor deleted in an earlier run. */
  notice(files: readonly RemoteFile[]): void;
}

interface Options {
  /** For messages. */
  readonly place: string;
  readonly emit: Emit | undefined;
  readonly verdict: (error: unknown) => Verdict;
}

/** Where the bytes of `name` go until all of them have arrived. */
function partOf(name: string): string {
  return `.${name}.part`;
}

/** What a killed run left of an upload, also by an rclone that appends to names. */
export function isPart(name: string): boolean {
  return name.startsWith('.') && /\.part(\.[^.]+\.partial)?$/.test(name);
}

/**
 * A file is stored as `.NAME.part` and then renamed, so that what is cut off never counts. Servers that refuse such
 * names, hide or swallow them, or let nobody rename, get files under their final names at once, for the rest of the run.
 * What the server says to the final name is what counts: where that is refused too, it was not the hidden one.
 */
export function hiddenNames({ place, emit, verdict }: Options): HiddenNames {
  let isDirect = false;
  let hasWorked = false;
  let hasFailed = false;

  /** undefined when it is stored; else why it has to be done without a hidden name. */
  async function hidden(name: string, way: Way): Promise<string | undefined> {
    const part = partOf(name);
    let isStored = false;
    try {
      await way.store(part);
      isStored = true;
      await way.rename(part, name);
      if (!hasWorked && (await way.has?.(name)) === false) throw new Swallowed(`rename ${part}`, 'renamed');
      hasWorked = true;
      return undefined;
    } catch (error) {
      const isUndone = isSwallowed(error) || error instanceof CannotCopyError;
      const said = isUndone ? 'certain' : verdict(error);
      if (isStored) await way.remove(part).catch(() => undefined);
      // One that has taken others before has some other trouble.
      if (said === undefined || (said === 'likely' && (hasWorked || !hasFailed))) {
        hasFailed = said === 'likely';
        throw error;
      }
      return `${isStored ? 'lets nobody rename files' : 'does not take or show hidden files'} (${reason(error)})`;
    }
  }

  function goDirect(why: string): void {
    if (isDirect) return;
    isDirect = true;
    const text = `Files get their final names at once in ${place}, which ${why}.`;
    emit?.({ kind: 'info', text });
  }

  return {
    get isAtomic() {
      return !isDirect;
    },
    async put(name, way) {
      const why = isDirect ? undefined : await hidden(name, way);
      if (!isDirect && why === undefined) return;
      await way.store(name);
      if (why !== undefined) goDirect(why);
    },
    notice(files) {
      if (isDirect || !files.some(({ name }) => isPart(name))) return;
      const sizes = new Map(files.map(({ name, size }) => [name, size]));
      const left = files.find(({ name, size }) => {
        const kept = sizes.get(partOf(name));
        return kept !== undefined && (kept === size || kept === 0);
      });
      if (left !== undefined) goDirect(`has kept ${partOf(left.name)} beside ${left.name}`);
    },
  };
}

/** After the server has said that it has stored the file. 'unknown': it is there, and no size is told. */
export function checkStored(task: string, stored: number | 'unknown' | undefined, size: number): void {
  if (stored === 'unknown' || stored === size) return;
  if (stored === undefined) throw new Swallowed(task, 'stored');
  throw new BackendError('BACKEND_ERROR', `Cannot ${task}: ${stored} of ${size} bytes arrived`, { retryable: true });
}

/** The same after a copy; `size` is undefined where nobody knows it. */
export function checkCopied(task: string, copied: number | 'unknown' | undefined, size: number | undefined): void {
  if (copied === 'unknown' || (copied === size && copied !== undefined)) return;
  if (size === undefined && copied !== undefined) return;
  const seen = copied === undefined ? 'and it is not there' : `and it has ${copied} of ${size} bytes`;
  throw new CannotCopyError(`Cannot ${task}: the server says that it has copied the file, ${seen}`);
}

class Swallowed extends BackendError {
  constructor(task: string, done: 'stored' | 'renamed') {
    super('BACKEND_ERROR', `Cannot ${task}: the server says that it has ${done} the file, and it is not there`, {
      retryable: true,
    });
  }
}

function isSwallowed(error: unknown): boolean {
  return error instanceof Swallowed;
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message.replaceAll(/\s+/g, ' ') : String(error);
}

/** The failure of a deletion, with advice that fits one: an account may well be allowed to store and not to delete. */
export function deletionFailure(error: unknown): unknown {
  if (!(error instanceof BackendError) || error.code !== 'BACKEND_PERMISSION_DENIED') return error;
  return new BackendError(error.code, error.message, {
    retryable: false,
    cause: error.cause,
    hint: 'This account may not delete there: delete with one that may, or keep everything.',
    ...(error.exception !== undefined && { exception: error.exception }),
  });
}
