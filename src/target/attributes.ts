import { chmodSync, chownSync, lchownSync, lutimesSync, utimesSync } from 'node:fs';
import type { Metadata } from '../archive/entry.ts';
import type { Emit } from '../events/events.ts';
import { toFs, shown, type BytePath } from '../util/bytepath.ts';
import { isErrno } from '../util/errno.ts';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Numbers to give a restored object, or undefined to leave all owners alone. */
export type OwnerOf = ((meta: Metadata) => Owner) | undefined;

/** Sets owners, modes and times. What the system refuses is a warning, and the rest is set all the same. */
export class Attributes {
  readonly ownerOf: OwnerOf;
  readonly #emit: Emit;
  #ownerRefused = false;

  constructor(ownerOf: OwnerOf, emit: Emit) {
    this.ownerOf = ownerOf;
    this.#emit = emit;
  }

  /** Owner, mode and time of something that is not a link. */
  dress(path: BytePath, meta: Metadata, full: string): void {
    const owner = this.ownerOf?.(meta);
    const isOwned =
      owner === undefined
        ? isOwnedByProcess(meta)
        : this.own(path, owner, () => chownSync(toFs(full), owner.uid, owner.gid));
    this.attempt(path, () => chmodSync(toFs(full), modeFor(meta, isOwned)));
    this.attempt(path, () => utimesSync(toFs(full), now(), fsTime(meta.mtime)));
  }

  /** Owner and time of a symbolic link. */
  dressLink(path: BytePath, meta: Metadata, full: string): void {
    const owner = this.ownerOf?.(meta);
    if (owner !== undefined) this.own(path, owner, () => lchownSync(toFs(full), owner.uid, owner.gid));
    this.attempt(path, () => lutimesSync(toFs(full), now(), fsTime(meta.mtime)));
  }

  /** Refused ownership is the normal case for an ordinary user: it is said once. False when `chown` was refused. */
  own(path: BytePath, owner: Owner, chown: () => void): boolean {
    try {
      chown();
      return true;
    } catch (error) {
      if (!isErrno(error)) throw error;
      if (error.code === 'EPERM' && this.#ownerRefused) return false;
      this.#ownerRefused ||= error.code === 'EPERM';
      this.warn(
        path,
        `${errnoText(error)}: owner ${owner.uid}:${owner.gid} cannot be set; further refusals are not shown`,
      );
      return false;
    }
  }

  attempt(path: BytePath, act: () => void): void {
    try {
      act();
    } catch (error) {
      if (!isErrno(error)) throw error;
      this.warn(path, errnoText(error));
    }
  }

  warn(path: BytePath, reason: string, code: 'cannotProcess' | 'parentFailed' = 'cannotProcess'): void {
    this.#emit({ kind: 'warning', code, path, text: `Error '${reason}' processing ${shown(path)}` });
  }
}

/** Whether an object whose owner is left alone belongs to whom the archive says. */
export function isOwnedByProcess(meta: Metadata): boolean {
  return meta.uid === process.geteuid?.();
}

/** With another owner, setuid and setgid would lend the rights of somebody the archive does not mean. */
export function modeFor({ mode }: Metadata, isOwned: boolean): number {
  return isOwned ? mode : mode & 0o1777;
}

export function now(): number {
  return Date.now() / 1000;
}

/** Node takes a negative number for the present, but a Date before 1970 as it is. */
export function fsTime(seconds: number): number | Date {
  return seconds < 0 ? new Date(seconds * 1000) : seconds;
}

/** `[Errno 1] EPERM: …`: front ends recognise refused ownership by the number. */
function errnoText(error: NodeJS.ErrnoException): string {
  return `[Errno ${Math.abs(error.errno ?? 0)}] ${error.code ?? ''} ${error.syscall ?? ''}`.trimEnd();
}
