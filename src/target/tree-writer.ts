import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fsyncSync,
  futimesSync,
  lchownSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  renameSync,
  rmdirSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeSync,
  type Stats,
} from 'node:fs';
import type { Entry, Metadata } from '../archive/entry.ts';
import { IntegrityError } from '../errors/errors.ts';
import type { Emit } from '../events/events.ts';
import { bytePath, isWithin, parentOf, ROOT, toFs, toScreen, type BytePath } from '../util/bytepath.ts';
import { isErrno } from '../util/errno.ts';
import { makeSpecialFile } from './special-file.ts';

/** Gives the content of the entry at hand to `take`, block by block; a block is valid only during the call. */
export type Content = (take: (block: Buffer) => void) => Promise<void>;

export interface TreeWriterOptions {
  /** Where the root of what is restored goes. */
  readonly target: BytePath;
  /** Numbers to give a restored object, or undefined to leave its owner alone. */
  readonly ownerOf: ((meta: Metadata) => { readonly uid: number; readonly gid: number }) | undefined;
  /** Leave out files whose content turns out damaged instead of stopping. */
  readonly tolerant: boolean;
  readonly emit: Emit;
}

interface OpenDirectory {
  readonly path: BytePath;
  readonly full: string;
  /** undefined: the archive says nothing about it. */
  readonly meta: Metadata | undefined;
}

/**
 * Writes entries, which must come in index order, below one directory and nowhere else: every parent is a directory
 * that this writer made or found to be a real one, links in the way are replaced, never followed. Attributes of
 * directories are set when they are left, so that read-only directories can be filled and times stay.
 * What fails for one entry is a warning; `failures` counts the entries whose content is not in place.
 */
export class TreeWriter {
  readonly #options: TreeWriterOptions;
  readonly #open: OpenDirectory[] = [];
  #failed: BytePath | undefined;
  #ownerRefused = false;
  /** The target was a link to a directory before anything was written: the user named it, so it is gone through. */
  #followsTarget: boolean;
  failures = 0;

  constructor(options: TreeWriterOptions) {
    this.#options = options;
    const target = toFs(options.target);
    const isLink = lstatSync(target, { throwIfNoEntry: false })?.isSymbolicLink() === true;
    this.#followsTarget = isLink && statSync(target, { throwIfNoEntry: false })?.isDirectory() === true;
  }

  async write(entry: Entry, content: Content): Promise<void> {
    const { path, meta } = entry;
    this.#leaveUntil(path);
    if (this.#failed !== undefined && isWithin(path, this.#failed)) {
      this.#fail(path, 'its directory could not be restored', 'parentFailed');
      return;
    }
    this.#failed = undefined;
    const obstacle = path === ROOT ? undefined : this.#enter(parentOf(path));
    if (obstacle !== undefined) {
      this.#failed = parentOf(path);
      this.#fail(path, obstacle, 'parentFailed');
      return;
    }
    // The reference says nothing of the root, be it a directory or the one file that was asked for.
    if (path !== ROOT) this.#options.emit({ kind: 'restoring', path, type: meta.type });
    try {
      await this.#make(path, meta, content);
    } catch (error) {
      if (!isErrno(error) && !(this.#options.tolerant && error instanceof IntegrityError)) throw error;
      if (meta.type === 'dir') this.#failed = path;
      this.#fail(path, error.message, 'cannotProcess');
    }
  }

  /** Sets the attributes of the directories still open. */
  finish(): void {
    while (this.#open.length > 0) this.#leave();
  }

  async #make(path: BytePath, meta: Metadata, content: Content): Promise<void> {
    const full = this.#full(path);
    if (meta.type === 'dir') {
      this.#makeDirectory(path, full, meta);
      return;
    }
    if (path === ROOT) this.#followsTarget = false;
    const there = lstatSync(toFs(full), { throwIfNoEntry: false });
    if (meta.type === 'reg') {
      await this.#makeFile(path, full, meta, content, there);
      return;
    }
    if (there !== undefined) remove(full, there);
    if (meta.type === 'sym') {
      symlinkSync(toFs(meta.link), toFs(full));
      this.#own(path, meta, (uid, gid) => lchownSync(toFs(full), uid, gid));
      this.#attempt(path, () => lutimesSync(toFs(full), now(), fsTime(meta.mtime)));
      return;
    }
    makeSpecialFile(full, meta);
    this.#dress(path, meta, full);
  }

  /**
   * Makes sure that `directory` is a real directory and the innermost open one. One that the archive does not hold is
   * made; a link or file in its place, also one restored a moment ago, is not gone through. Answers what is in the way.
   */
  #enter(directory: BytePath): string | undefined {
    let top = this.#open.at(-1);
    while (top?.path !== directory) {
      const next = top === undefined ? ROOT : childTowards(directory, top.path);
      const full = this.#full(next);
      try {
        const there = this.#statDirectory(next);
        if (there === undefined) mkdirSync(toFs(full), { mode: 0o700, recursive: next === ROOT });
        else if (!there.isDirectory()) return 'what stands in the place of its directory is none';
      } catch (error) {
        if (!isErrno(error)) throw error;
        return error.message;
      }
      top = { path: next, full, meta: undefined };
      this.#open.push(top);
    }
    return undefined;
  }

  /** What stands where a directory belongs. */
  #statDirectory(path: BytePath): Stats | undefined {
    const stat = path === ROOT && this.#followsTarget ? statSync : lstatSync;
    return stat(toFs(this.#full(path)), { throwIfNoEntry: false });
  }

  #makeDirectory(path: BytePath, full: string, meta: Metadata): void {
    const there = this.#statDirectory(path);
    if (there !== undefined && !there.isDirectory()) remove(full, there);
    if (there === undefined || !there.isDirectory()) {
      mkdirSync(toFs(full), { mode: 0o700, recursive: path === ROOT });
    } else if ((there.mode & 0o300) !== 0o300) {
      this.#attempt(path, () => chmodSync(toFs(full), there.mode | 0o700));
    }
    this.#open.push({ path, full, meta });
  }

  /** An existing file is replaced only by a complete one. */
  async #makeFile(
    path: BytePath,
    full: string,
    meta: Metadata,
    content: Content,
    there: Stats | undefined,
  ): Promise<void> {
    const name = there === undefined ? full : besides(full);
    const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
    const fd = openSync(toFs(name), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    let complete = false;
    try {
      await content((block) => writeAll(fd, block));
      const isOwned = this.#own(path, meta, (uid, gid) => fchownSync(fd, uid, gid));
      this.#attempt(path, () => fchmodSync(fd, modeFor(meta, isOwned)));
      this.#attempt(path, () => futimesSync(fd, now(), fsTime(meta.mtime)));
      if (there !== undefined) fsyncSync(fd);
      complete = true;
    } finally {
      closeSync(fd);
      if (!complete) unlinkSync(toFs(name));
    }
    if (there === undefined) return;
    if (there.isDirectory()) {
      try {
        rmdirSync(toFs(full));
      } catch (error) {
        unlinkSync(toFs(name));
        throw error;
      }
    }
    renameSync(toFs(name), toFs(full));
  }

  #leaveUntil(path: BytePath): void {
    for (let last = this.#open.at(-1); last !== undefined && !isWithin(path, last.path); last = this.#open.at(-1)) {
      this.#leave();
    }
  }

  #leave(): void {
    const directory = this.#open.pop();
    if (directory === undefined) return;
    const { path, full, meta } = directory;
    if (meta === undefined) return;
    this.#dress(path, meta, full);
  }

  /** Owner, mode and time of something that is not a link. */
  #dress(path: BytePath, meta: Metadata, full: string): void {
    const isOwned = this.#own(path, meta, (uid, gid) => chownSync(toFs(full), uid, gid));
    this.#attempt(path, () => chmodSync(toFs(full), modeFor(meta, isOwned)));
    this.#attempt(path, () => utimesSync(toFs(full), now(), fsTime(meta.mtime)));
  }

  /**
   * Refused ownership is the normal case for an ordinary user: said once, and the rest is applied. False when the owner
   * is not the archived one.
   */
  #own(path: BytePath, meta: Metadata, chown: (uid: number, gid: number) => void): boolean {
    const owner = this.#options.ownerOf?.(meta);
    if (owner === undefined) return meta.uid === process.geteuid?.();
    try {
      chown(owner.uid, owner.gid);
      return true;
    } catch (error) {
      if (!isErrno(error)) throw error;
      if (error.code === 'EPERM' && this.#ownerRefused) return false;
      this.#ownerRefused ||= error.code === 'EPERM';
      this.#warn(
        path,
        `${errnoText(error)}: owner ${owner.uid}:${owner.gid} cannot be set; further refusals are not shown`,
      );
      return false;
    }
  }

  #attempt(path: BytePath, act: () => void): void {
    try {
      act();
    } catch (error) {
      if (!isErrno(error)) throw error;
      this.#warn(path, errnoText(error));
    }
  }

  #fail(path: BytePath, reason: string, code: 'cannotProcess' | 'parentFailed'): void {
    this.failures++;
    this.#options.emit({ kind: 'warning', code, path, text: `Error '${reason}' processing ${toScreen(path)}` });
  }

  #warn(path: BytePath, reason: string): void {
    this.#options.emit({
      kind: 'warning',
      code: 'cannotProcess',
      path,
      text: `Error '${reason}' processing ${toScreen(path)}`,
    });
  }

  #full(path: BytePath): string {
    return path === ROOT ? this.#options.target : `${this.#options.target}/${path}`;
  }
}

/** The path one component longer than `top` on the way to `path`, which lies below it. */
function childTowards(path: BytePath, top: BytePath): BytePath {
  const cut = path.indexOf('/', top === ROOT ? 0 : top.length + 1);
  return cut < 0 ? path : bytePath(path.slice(0, cut));
}

/** Removes what stands in the way; a directory only when it is empty. */
function remove(full: string, there: Stats): void {
  if (there.isDirectory()) rmdirSync(toFs(full));
  else unlinkSync(toFs(full));
}

/** A name in the same directory that no archive entry has by accident. */
function besides(full: string): string {
  const cut = full.lastIndexOf('/') + 1;
  return `${full.slice(0, cut)}.duplicity-${process.pid}-${process.hrtime.bigint().toString(36)}`;
}

function writeAll(fd: number, block: Buffer): void {
  for (let at = 0; at < block.length;) at += writeSync(fd, block, at);
}

/** With another owner, setuid and setgid would lend the rights of somebody the archive does not mean. */
function modeFor({ mode }: Metadata, isOwned: boolean): number {
  return isOwned ? mode : mode & 0o1777;
}

function now(): number {
  return Date.now() / 1000;
}

/** Node takes a negative number for the present, but a Date before 1970 as it is. */
function fsTime(seconds: number): number | Date {
  return seconds < 0 ? new Date(seconds * 1000) : seconds;
}

/** `[Errno 1] EPERM: …`: front ends recognise refused ownership by the number. */
function errnoText(error: NodeJS.ErrnoException): string {
  return `[Errno ${Math.abs(error.errno ?? 0)}] ${error.code ?? ''} ${error.syscall ?? ''}`.trimEnd();
}
