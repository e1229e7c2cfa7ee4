import { lstatSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Entry } from '../../archive/entry.ts';
import { LocalError } from '../../errors/errors.ts';
import { makeDirectories } from '../../target/make-directories.ts';
import { type BytePath, bytePath, ROOT, toFs, toScreen } from '../../util/bytepath.ts';

interface Placing {
  readonly target: BytePath;
  /** Over what is there. */
  readonly force: boolean;
}

interface Restored extends Placing {
  /** What comes first, where it is to go below the target. */
  readonly first: Entry | undefined;
  /** What a single file is called in a directory; empty when nobody knows. */
  readonly name: string;
}

/**
 * Where the root of what is restored goes: a file into a directory that is there, as with cp, anything else to the target
 * itself. Throws RESTORE_DIR_EXISTS where something is in the way.
 */
export function placeFor({ target, force, first, name }: Restored): BytePath {
  const isSingle = first !== undefined && first.path === ROOT && first.meta.type !== 'dir';
  if (!isSingle) {
    checkTarget({ target, force });
    return target;
  }
  if (!isDirectory(target)) {
    if (!force && standsAt(target)) throw exists(`file ${toScreen(target)}`, FORCE_HINT);
    checkNoDevice(target);
    return target;
  }
  if (name === '') throw exists(`directory ${toScreen(target)}`, 'Name a file that is not there yet.');
  const inside = bytePath(`${target.replace(/\/$/, '')}/${name}`);
  const shown = toScreen(inside);
  // Also not when it is empty: who makes one does not want a file of that name.
  if (lstatSync(toFs(inside), { throwIfNoEntry: false })?.isDirectory() === true) {
    throw exists(`directory ${shown}`, 'A directory does not give way to a file: name another target.');
  }
  if (!force && standsAt(inside)) throw exists(`file ${shown}`, FORCE_HINT);
  checkNoDevice(inside);
  return inside;
}

/** What is there is replaced, not written to: `/dev/null` would be a file from then on. */
function checkNoDevice(path: BytePath): void {
  const stats = statSync(toFs(path), { throwIfNoEntry: false });
  if (stats === undefined || stats.isFile() || stats.isDirectory()) return;
  throw exists(toScreen(path), 'A device or pipe does not give way to a file: name another target.');
}

/** A directory that is empty, or a link to one, is free; so is a file system that has just been made. */
export function checkTarget({ target, force }: Placing): void {
  if (force || !standsAt(target) || (isDirectory(target) && isEmpty(target))) return;
  throw exists(
    `directory ${toScreen(target)}`,
    'Name a new or empty directory, or add --force to restore over what is there.',
  );
}

/** Whether something other than a directory is in the way, of whatever is restored. */
export function checkNoFile({ target, force }: Placing): void {
  if (!isDirectory(target)) checkTarget({ target, force });
}

export function makeParent(target: BytePath): void {
  try {
    makeDirectories(toFs(dirname(target)));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new LocalError('GENERIC', `The directory for ${toScreen(target)} cannot be made: ${reason}.`, {
      cause,
      hint: 'Name a target in a place where directories can be made.',
    });
  }
}

/** What a file is called that is restored into a directory; the root of a backup is called like its source. */
export async function fileName(wanted: BytePath, source: () => Promise<BytePath | undefined>): Promise<string> {
  return basename(wanted === ROOT ? ((await source()) ?? '') : wanted);
}

const FORCE_HINT = 'Name another one, or add --force to replace it.';

function exists(what: string, hint: string): LocalError {
  return new LocalError('RESTORE_DIR_EXISTS', `Restore destination ${what} already exists.\nWill not overwrite.`, {
    hint,
  });
}

function standsAt(path: BytePath): boolean {
  return lstatSync(toFs(path), { throwIfNoEntry: false }) !== undefined;
}

function isDirectory(path: BytePath): boolean {
  return statSync(toFs(path), { throwIfNoEntry: false })?.isDirectory() === true;
}

/** A directory that cannot be looked into may hold anything. */
function isEmpty(path: BytePath): boolean {
  try {
    return readdirSync(toFs(path)).every((name) => name === 'lost+found');
  } catch {
    return false;
  }
}
