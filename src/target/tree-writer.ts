import {
  accessSync,
  chmodSync,
  constants,
  lstatSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  type Stats,
} from 'node:fs';
import type { Entry, Metadata } from '../archive/entry.ts';
import { IntegrityError, LocalError } from '../errors/errors.ts';
import type { Emit } from '../events/events.ts';
import { bytePath, isWithin, parentOf, ROOT, toFs, toScreen, type BytePath } from '../util/bytepath.ts';
import { isErrno } from '../util/errno.ts';
import type { Soon } from '../util/soon.ts';
import { Attributes, fsTime, now, type OwnerOf } from './attributes.ts';
import { type Content, type FileDirectory, FileWriter, newCustoms } from './file-writer.ts';
import { madeInFreeSpace, removeObstacle, standingAt } from './obstacle.ts';
import { makeSpecialFile } from './special-file.ts';

export interface TreeWriterOptions {
  /** Where the root of what is restored goes. */
  readonly target: BytePath;
  readonly ownerOf: OwnerOf;
  /** Leave out files whose content turns out damaged, or that do not fit, instead of stopping. */
  readonly tolerant: boolean;
  /** Entries may come for a directory that was left: its attributes are remembered and set again. */
  readonly revisits?: boolean;
  /** Directories that are there and come with no entry of their own keep their times. */
  readonly keepsTimes?: boolean;
  readonly emit: Emit;
}

interface OpenDirectory extends FileDirectory {
  readonly path: BytePath;
  readonly full: string;
  /** undefined: the archive says nothing about it. */
  readonly meta: Metadata | undefined;
  /** When it was last changed, seconds, if it is to stay so. */
  readonly mtime?: number;
}

/** What the system refuses one entry and will refuse every other one. */
const HOPELESS: Readonly<Record<string, string>> = {
  ENOSPC: 'no space is left',
  EDQUOT: 'the quota is used up',
  EROFS: 'the file system is read-only',
};

/**
 * Writes entries, which must come in index order, below one directory and nowhere else: every parent is a directory
 * that this writer made or found to be a real one, links in the way are replaced, never followed. Attributes of
 * directories are set when they are left, so that read-only directories can be filled and times stay.
 * What fails for one entry is a warning; `failures` counts the entries whose content is not in place. What must fail for
 * all that follow, such as a full disk, is thrown.
 */
export class TreeWriter {
  readonly #target: BytePath;
  readonly #tolerant: boolean;
  readonly #emit: Emit;
  readonly #attributes: Attributes;
  readonly #files: FileWriter;
  readonly #open: OpenDirectory[] = [];
  /** What directories that were left were given, if they may be entered again. */
  readonly #left: Map<BytePath, Metadata> | undefined;
  readonly #keepsTimes: boolean;
  #failed: BytePath | undefined;
  /** The target was a link to a directory before anything was written: the user named it, so it is gone through. */
  #followsTarget: boolean;
  failures = 0;

  constructor({ target, ownerOf, tolerant, revisits, keepsTimes = false, emit }: TreeWriterOptions) {
    this.#target = target;
    this.#tolerant = tolerant;
    this.#emit = emit;
    this.#attributes = new Attributes(ownerOf, emit);
    this.#files = new FileWriter(this.#attributes);
    this.#keepsTimes = keepsTimes;
    this.#left = revisits === true ? new Map() : undefined;
    const isLink = standingAt(target)?.isSymbolicLink() === true;
    this.#followsTarget = isLink && statSync(toFs(target), { throwIfNoEntry: false })?.isDirectory() === true;
  }

  /** Answers at once when `content` does. */
  write({ path, meta }: Entry, content: Content): Soon<void> {
    if (this.#failed !== undefined || !liesIn(this.#open.at(-1), path)) {
      const obstacle = this.#approach(path);
      if (obstacle !== undefined) {
        this.#fail(path, obstacle, 'parentFailed');
        return;
      }
    }
    // The reference says nothing of the root, be it a directory or the one file that was asked for.
    if (path !== ROOT) this.#emit({ kind: 'restoring', path, type: meta.type });
    try {
      const done = this.#make(path, meta, content);
      if (done instanceof Promise) return done.catch((error: unknown) => this.#giveUp(path, meta, error));
    } catch (error) {
      this.#giveUp(path, meta, error);
    }
  }

  /**
   * Removes what stands at `path`, with `only` just a directory, and all below it. Where nothing stands, and where a link or
   * file stands in the place of a directory on the way, nothing happens.
   */
  remove(path: BytePath, only?: 'directory'): void {
    this.#leaveFor(path);
    if (this.#enter(parentOf(path), 'existing') !== undefined) return;
    const full = this.#full(path);
    try {
      const there = standingAt(full);
      if (there === undefined || (only === 'directory' && !there.isDirectory())) return;
      rmSync(toFs(full), { recursive: true });
    } catch (error) {
      if (!isErrno(error)) throw error;
      this.#stopIfHopeless(error);
      this.#fail(path, error.message, 'cannotProcess');
    }
  }

  /** Gives what was written last another name in its directory, in the place of what is called so. */
  rename(from: BytePath, to: BytePath): void {
    try {
      this.#clear(this.#full(to));
      renameSync(toFs(this.#full(from)), toFs(this.#full(to)));
    } catch (error) {
      if (!isErrno(error)) throw error;
      this.#fail(to, error.message, 'cannotProcess');
    }
  }

  /** Sets the attributes of the directories still open. */
  finish(): void {
    while (this.#open.length > 0) this.#leave();
  }

  /** Goes to the directory of `path`. Answers what is in the way. */
  #approach(path: BytePath): string | undefined {
    this.#leaveFor(path);
    if (this.#failed !== undefined && isWithin(path, this.#failed)) return 'its directory could not be restored';
    this.#failed = undefined;
    const obstacle = path === ROOT ? undefined : this.#enter(parentOf(path));
    if (obstacle !== undefined) this.#failed = parentOf(path);
    return obstacle;
  }

  #leaveFor(path: BytePath): void {
    for (let last = this.#open.at(-1); last !== undefined && !isWithin(path, last.path); last = this.#open.at(-1)) {
      this.#leave();
    }
  }

  #make(path: BytePath, meta: Metadata, content: Content): Soon<void> {
    const full = this.#full(path);
    if (meta.type === 'dir') {
      this.#makeDirectory(path, full, meta);
      return;
    }
    if (path === ROOT) this.#followsTarget = false;
    const directory = this.#open.at(-1) ?? { isFresh: false, customs: newCustoms() };
    if (meta.type === 'reg') return this.#files.write({ path, full, meta }, content, directory);
    if (meta.type === 'sym') {
      const link = (): void => symlinkSync(toFs(meta.link), toFs(full));
      if (!madeInFreeSpace(link)) {
        this.#clear(full);
        link();
      }
      this.#attributes.dressLink(path, meta, full);
      return;
    }
    this.#clear(full);
    makeSpecialFile(full, meta);
    this.#attributes.dress(path, meta, full);
  }

  /**
   * Makes sure that `directory` is a real directory and the innermost open one. One that the archive does not hold is
   * made; a link or file in its place, also one restored a moment ago, is not gone through. Answers what is in the way.
   */
  #enter(directory: BytePath, which: 'existing' | 'any' = 'any'): string | undefined {
    let top = this.#open.at(-1);
    while (top?.path !== directory) {
      const next = top === undefined ? ROOT : childTowards(directory, top.path);
      const full = this.#full(next);
      const meta = this.#left?.get(next);
      const there = this.#attempt(() => this.#statDirectory(next));
      if (typeof there === 'string') {
        if (next === ROOT) throw noTarget(this.#target, there);
        return there;
      }
      if (there !== undefined && !there.isDirectory()) return 'what stands in the place of its directory is none';
      if (there === undefined && which === 'existing') return 'its directory is not there';
      if (there === undefined) {
        const refused = this.#attempt(() => void mkdirSync(toFs(full), { mode: 0o700, recursive: next === ROOT }));
        if (refused !== undefined && next === ROOT) throw noTarget(this.#target, refused);
        if (refused !== undefined) return refused;
      } else if (meta !== undefined) {
        this.#unlock(next, full, there);
      }
      const mtime = this.#keepsTimes && meta === undefined ? there?.mtimeMs : undefined;
      const isFresh = there === undefined;
      top = {
        path: next,
        full,
        meta,
        isFresh,
        customs: newCustoms(),
        ...(mtime !== undefined && { mtime: mtime / 1000 }),
      };
      this.#open.push(top);
    }
    return undefined;
  }

  /** The answer of calls on the target, or why the system refuses them. */
  #attempt<T>(act: () => T): T | string {
    try {
      return act();
    } catch (error) {
      if (!isErrno(error)) throw error;
      this.#stopIfHopeless(error);
      return error.message;
    }
  }

  /** What stands where a directory belongs. */
  #statDirectory(path: BytePath): Stats | undefined {
    const stat = path === ROOT && this.#followsTarget ? statSync : lstatSync;
    return stat(toFs(this.#full(path)), { throwIfNoEntry: false });
  }

  #makeDirectory(path: BytePath, full: string, meta: Metadata): void {
    const inFresh = this.#open.at(-1)?.isFresh === true;
    let isFresh = inFresh && madeInFreeSpace(() => mkdirSync(toFs(full), 0o700));
    if (!isFresh) {
      const there = this.#statDirectory(path);
      if (there?.isDirectory() === true) {
        this.#unlock(path, full, there);
      } else {
        if (there !== undefined) removeObstacle(full, there);
        mkdirSync(toFs(full), { mode: 0o700, recursive: path === ROOT });
        isFresh = true;
      }
    }
    if (path === ROOT) accessSync(toFs(full), constants.W_OK | constants.X_OK);
    this.#open.push({ path, full, meta, isFresh, customs: newCustoms() });
  }

  /** Lets its owner write into a directory; it gets its final mode when it is left. */
  #unlock(path: BytePath, full: string, { mode }: Stats): void {
    if ((mode & 0o300) !== 0o300) this.#attributes.attempt(path, () => chmodSync(toFs(full), mode | 0o700));
  }

  #clear(full: string): void {
    const there = standingAt(full);
    if (there !== undefined) removeObstacle(full, there);
  }

  #leave(): void {
    const { path, meta, full, mtime } = this.#open.pop() ?? {};
    if (path === undefined || full === undefined) return;
    if (mtime !== undefined) this.#attributes.attempt(path, () => utimesSync(toFs(full), now(), fsTime(mtime)));
    if (meta === undefined) return;
    this.#attributes.dress(path, meta, full);
    this.#left?.set(path, meta);
  }

  #giveUp(path: BytePath, meta: Metadata, error: unknown): void {
    if (isErrno(error)) {
      this.#stopIfHopeless(error);
      if (path === ROOT) throw noTarget(this.#target, error.message);
    } else if (!this.#tolerant || !(error instanceof IntegrityError)) throw error;
    if (meta.type === 'dir') this.#failed = path;
    this.#fail(path, error.message, 'cannotProcess');
  }

  #stopIfHopeless(error: NodeJS.ErrnoException): void {
    const why = HOPELESS[error.code ?? ''];
    if (why === undefined || (this.#tolerant && error.code !== 'EROFS')) return;
    const text = `The restore is incomplete: ${toScreen(this.#target)} takes no more, ${why} (${error.message}).`;
    throw new LocalError('INCOMPLETE', text, {
      hint:
        error.code === 'EROFS'
          ? 'Name a target that can be written to.'
          : 'Name a target with enough room. --ignore-errors goes on without the files that do not fit.',
      cause: error,
    });
  }

  #fail(path: BytePath, reason: string, code: 'cannotProcess' | 'parentFailed'): void {
    this.failures++;
    this.#attributes.warn(path, reason, code);
  }

  #full(path: BytePath): string {
    return path === ROOT ? this.#target : `${this.#target}/${path}`;
  }
}

function noTarget(target: BytePath, reason: string): LocalError {
  return new LocalError('GENERIC', `Nothing can be put at ${toScreen(target)}: ${reason}.`, {
    hint: 'Name a target that can be made and written to.',
  });
}

/** Whether `path` is an immediate child of `directory`: the usual case, which needs no other look at the path. */
function liesIn(directory: OpenDirectory | undefined, path: BytePath): boolean {
  if (directory === undefined) return false;
  const top = directory.path;
  const cut = path.lastIndexOf('/');
  return top === ROOT ? cut < 0 && path !== ROOT : cut === top.length && path.startsWith(top);
}

/** The path one component longer than `top` on the way to `path`, which lies below it. */
function childTowards(path: BytePath, top: BytePath): BytePath {
  const cut = path.indexOf('/', top === ROOT ? 0 : top.length + 1);
  return cut < 0 ? path : bytePath(path.slice(0, cut));
}
