import type { Entry, EntryStream, Metadata } from '../../archive/entry.ts';
import { comparePaths } from '../../util/bytepath.ts';
import type { Soon } from '../../util/soon.ts';
import type { EpochSeconds } from '../../util/time.ts';

/** One path of the source, of the previous state, or of both. */
export type Change<S> =
  | { readonly kind: 'unchanged'; readonly source: S; readonly previous: Entry | undefined }
  /** Unchanged by its metadata, which may not tell: its content decides, by `previous`'s signature, which is read next. */
  | { readonly kind: 'doubtful'; readonly source: S; readonly previous: Entry }
  /** Stored whole: new, or of another type than before. `previous` is what it replaces. */
  | { readonly kind: 'snapshot'; readonly source: S; readonly previous: Entry | undefined }
  /** A regular file that was one before: stored as a delta, for which `previous`'s signature is read next. */
  | { readonly kind: 'diff'; readonly source: S; readonly previous: Entry }
  | { readonly kind: 'deleted'; readonly previous: Entry }
  /** Its previous state stays: what cannot be read now is not deleted. */
  | { readonly kind: 'unreadable'; readonly previous: Entry };

export interface Compared {
  readonly meta: Metadata;
  readonly path: Entry['path'];
  /** When content or metadata were last changed, in whole seconds; 0 when the file system does not tell. */
  readonly ctime: EpochSeconds;
}

/** Owner numbers a previous entry stands for on this machine. */
export type OwnerOf = (meta: Metadata) => Owner;

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

interface ComparisonOptions {
  readonly ownerOf: OwnerOf;
  /** A path of the state that the source does not show cannot be read there, rather than being gone. */
  readonly isUnreadable: (path: Entry['path']) => boolean;
}

/** File systems may count times in steps of two seconds (FAT); others are some milliseconds behind the clock. */
const STEP_SECONDS = 2;
/** What file systems outside the kernel say that know no such time. */
const NOT_TOLD = 0;

/**
 * Walks the source and the previous state side by side, both in index order, and says of each path what to do.
 * Nothing is opened: metadata decide (docs/format/signatures.md, When an object counts as changed).
 */
export class Comparison<S extends Compared> {
  readonly #source: Iterator<S>;
  readonly #state: EntryStream | undefined;
  readonly #options: ComparisonOptions;
  #present: S | undefined;
  #previous: Entry | undefined;
  #taken: 'none' | 'source' | 'state' | 'both' = 'both';
  /** The owner asked for last: in a tree nearly always that of the next object as well. */
  #owned: Metadata | undefined;
  #owner: Owner = { uid: 0, gid: 0 };

  constructor(source: Iterable<S>, state: EntryStream | undefined, options: ComparisonOptions) {
    this.#source = source[Symbol.iterator]();
    this.#state = state;
    this.#options = options;
  }

  next(): Soon<Change<S> | undefined> {
    if (this.#taken === 'source' || this.#taken === 'both') {
      const step = this.#source.next();
      this.#present = step.done === true ? undefined : step.value;
    }
    if (this.#state !== undefined && (this.#taken === 'state' || this.#taken === 'both')) {
      const previous = this.#state.next();
      if (previous instanceof Promise) return this.#resume(previous);
      this.#previous = previous;
    }
    return this.#decide();
  }

  async #resume(previous: Promise<Entry | undefined>): Promise<Change<S> | undefined> {
    this.#previous = await previous;
    return this.#decide();
  }

  #decide(): Change<S> | undefined {
    const source = this.#present;
    const previous = this.#previous;
    if (source === undefined && previous === undefined) return undefined;
    const order = source === undefined ? 1 : previous === undefined ? -1 : comparePaths(source.path, previous.path);
    if (order < 0 && source !== undefined) {
      this.#taken = 'source';
      return { kind: 'snapshot', source, previous: undefined };
    }
    if (order > 0 && previous !== undefined) {
      this.#taken = 'state';
      return { kind: this.#options.isUnreadable(previous.path) ? 'unreadable' : 'deleted', previous };
    }
    this.#taken = 'both';
    if (source === undefined || previous === undefined) return undefined;
    if (this.#isUnchanged(source.meta, previous.meta)) {
      return { kind: isDoubtful(source, previous) ? 'doubtful' : 'unchanged', source, previous };
    }
    return source.meta.type === 'reg' && previous.kind === 'signature'
      ? { kind: 'diff', source, previous }
      : { kind: 'snapshot', source, previous };
  }

  #isUnchanged(is: Metadata, was: Metadata): boolean {
    if (is.type !== was.type) return false;
    if (is.type === 'sym') return is.link === was.link;
    if (is.mode !== was.mode) return false;
    const owner = this.#ownerOf(was);
    if (is.uid !== owner.uid || is.gid !== owner.gid) return false;
    if (is.type === 'chr' || is.type === 'blk') return is.major === was.major && is.minor === was.minor;
    return is.mtime === was.mtime || (is.mtime <= 0 && was.mtime <= 0);
  }

  #ownerOf(meta: Metadata): Owner {
    const { uid, gid, uname, gname } = meta;
    const last = this.#owned;
    if (last?.uid !== uid || last.gid !== gid || last.uname !== uname || last.gname !== gname) {
      this.#owned = meta;
      this.#owner = this.#options.ownerOf(meta);
    }
    return this.#owner;
  }
}

/**
 * Whether an equal file may have changed after it was read. Not if nobody has touched it since, so that an mtime in the
 * future keeps no file in doubt for ever.
 */
function isDoubtful({ ctime }: Compared, { storedAt }: Entry): boolean {
  return storedAt !== undefined && (ctime === NOT_TOLD || ctime >= storedAt - STEP_SECONDS);
}
