import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  futimesSync,
  openSync,
  renameSync,
  rmdirSync,
  unlinkSync,
  writeSync,
  type Stats,
} from 'node:fs';
import type { Metadata } from '../archive/entry.ts';
import { LocalError } from '../errors/errors.ts';
import { toFs, type BytePath, shown } from '../util/bytepath.ts';
import { errorCode, isErrno } from '../util/errno.ts';
import type { Soon } from '../util/soon.ts';
import { type Attributes, fsTime, isOwnedByProcess, modeFor, now, type Owner } from './attributes.ts';
import { besides, removeLeftovers } from './leftovers.ts';
import { standingAt } from './obstacle.ts';

/** Gives the content of the entry at hand to `take`, block by block; a block is valid only during the call. */
export type Content = (take: (block: Buffer) => void) => Soon<void>;

/** A directory that files are written into. */
export interface FileDirectory {
  /** This writer made it, so that nothing is expected to stand in it. */
  readonly isFresh: boolean;
  /** What files made here get from the system, as seen on the first ones: it spares calls for the rest. */
  readonly customs: Customs;
}

interface Customs {
  /** Whom a new file belongs to; undefined before there was one. */
  owner: Owner | undefined;
  /** An owner that a new file was refused. */
  refused: Owner | undefined;
  /** What killed runs have left here is gone. */
  isSwept: boolean;
}

/** A file being written. */
interface Writing {
  readonly path: BytePath;
  readonly full: string;
  readonly meta: Metadata;
  readonly customs: Customs;
  /** What the file takes the place of. */
  readonly there: Stats | undefined;
  /** What it is called until it is complete. */
  readonly name: string;
}

const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
/** Until it belongs to whom it should. The final mode at once saves a call, 2 us, but shows half a file. */
const OWNER_ONLY = 0o600;

export function newCustoms(): Customs {
  return { owner: undefined, refused: undefined, isSwept: false };
}

/** Writes regular files, one at a time. An existing file is replaced only by a complete one. */
export class FileWriter {
  readonly #attributes: Attributes;
  #fd = -1;
  #writeFailure: unknown;
  readonly #take = (block: Buffer): void => {
    try {
      for (let at = 0; at < block.length;) at += writeSync(this.#fd, block, at);
    } catch (error) {
      this.#writeFailure = error;
      throw error;
    }
  };

  constructor(attributes: Attributes) {
    this.#attributes = attributes;
  }

  /** Throws the errno of a call on the target, and what `content` throws as long as that is none. */
  write(
    file: { readonly path: BytePath; readonly full: string; readonly meta: Metadata },
    content: Content,
    directory: FileDirectory,
  ): Soon<void> {
    const writing = this.#begin(file, directory);
    let done: Soon<void>;
    try {
      done = content(this.#take);
    } catch (error) {
      throw this.#contentFailed(writing, error);
    }
    if (done instanceof Promise) return this.#endLater(writing, done);
    this.#end(writing);
  }

  async #endLater(writing: Writing, done: Promise<void>): Promise<void> {
    try {
      await done;
    } catch (error) {
      throw this.#contentFailed(writing, error);
    }
    this.#end(writing);
  }

  #begin(
    { path, full, meta }: { readonly path: BytePath; readonly full: string; readonly meta: Metadata },
    { isFresh, customs }: FileDirectory,
  ): Writing {
    let there = isFresh ? undefined : standingAt(full);
    if (there === undefined) {
      try {
        this.#fd = openSync(toFs(full), NEW_FILE, OWNER_ONLY);
        return { path, full, meta, customs, there, name: full };
      } catch (error) {
        if (errorCode(error) !== 'EEXIST') throw error;
        there = standingAt(full);
        if (there === undefined) throw error;
      }
    }
    if (!customs.isSwept) removeLeftovers(full);
    customs.isSwept = true;
    const name = besides(full);
    this.#fd = openSync(toFs(name), NEW_FILE, OWNER_ONLY);
    return { path, full, meta, customs, there, name };
  }

  #end(writing: Writing): void {
    const { full, name, there } = writing;
    try {
      this.#dress(writing);
      if (there !== undefined) fsyncSync(this.#fd);
    } catch (error) {
      this.#abandon(writing);
      throw error;
    }
    try {
      closeSync(this.#fd);
      if (there?.isDirectory() === true) rmdirSync(toFs(full));
      if (there !== undefined) renameSync(toFs(name), toFs(full));
    } catch (error) {
      removeQuietly(name);
      throw error;
    }
  }

  #dress({ path, meta, customs }: Writing): void {
    const fd = this.#fd;
    const isOwned = this.#own(path, meta, customs);
    this.#attributes.attempt(path, () => fchmodSync(fd, modeFor(meta, isOwned)));
    this.#attributes.attempt(path, () => futimesSync(fd, now(), fsTime(meta.mtime)));
  }

  /** False when the owner is not the archived one. */
  #own(path: BytePath, meta: Metadata, customs: Customs): boolean {
    const fd = this.#fd;
    customs.owner ??= ownerOfFile(fd);
    const owner = this.#attributes.ownerOf?.(meta);
    if (owner === undefined) return isOwnedByProcess(meta);
    if (isSame(owner, customs.owner)) return true;
    if (customs.refused !== undefined && isSame(owner, customs.refused)) return false;
    const isOwned = this.#attributes.own(path, owner, () => fchownSync(fd, owner.uid, owner.gid));
    if (!isOwned) customs.refused = owner;
    return isOwned;
  }

  /**
   * A failed system call that is not ours is one of the archive's: whoever takes an errno for an entry that the target
   * refuses must not see it.
   */
  #contentFailed(writing: Writing, error: unknown): unknown {
    this.#abandon(writing);
    if (error === this.#writeFailure || !isErrno(error)) return error;
    return new LocalError('EXCEPTION', `The content of ${shown(writing.path)} cannot be had: ${error.message}`, {
      exception: 'OSError',
      cause: error,
    });
  }

  #abandon({ name }: Writing): void {
    closeSync(this.#fd);
    removeQuietly(name);
  }
}

function isSame(a: Owner, b: Owner): boolean {
  return a.uid === b.uid && a.gid === b.gid;
}

function ownerOfFile(fd: number): Owner {
  const { uid, gid } = fstatSync(fd);
  return { uid, gid };
}

/** Something went wrong already, which matters more than what is left behind. */
function removeQuietly(name: string): void {
  try {
    unlinkSync(toFs(name));
  } catch {
    // See above.
  }
}
