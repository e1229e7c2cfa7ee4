import { lstatSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatHolder, type Holder, lifeOf, parseHolder } from '../cache/lock/lock-holder.ts';
import { thisProcess } from '../cache/lock/this-process.ts';

/** In a temporary directory: whose it is. */
export const OWNER = 'owner';
/** By `mkdtemp`; the reference's names end in `-tempdir`. */
const OURS = /^duplicity-[A-Za-z0-9]{6}$/;
/** A directory without that file, or with an empty one, is perhaps of a run that is about to write it. */
const NEW_MS = 3_600_000;
/** What else lies in one: names of a spool, and of what drivers keep there. */
const HELD = /^(?:owner|\d+-[a-z]+\d*|(?:ssh|par2|rsync|rclone)-[A-Za-z0-9]{6})$/;

/** Says in a new temporary directory whose it is. */
export function claim(directory: string): void {
  writeFileSync(join(directory, OWNER), formatHolder(thisProcess()), { mode: 0o600 });
}

/**
 * Removes what runs that were killed have left in `root`: private directories of this user with the names that spools get,
 * whose process has ended for certain. Whatever cannot be read or removed stays.
 */
export function removeAbandoned(root: string): void {
  const here = thisProcess();
  for (const name of quietly(() => readdirSync(root)) ?? []) {
    if (OURS.test(name)) quietly(() => removeIfAbandoned(join(root, name), here));
  }
}

function removeIfAbandoned(directory: string, here: Holder): void {
  const stat = lstatSync(directory);
  const isPrivate = (stat.mode & 0o077) === 0 && stat.uid === process.getuid?.();
  if (!stat.isDirectory() || !isPrivate) return;
  const owner = parseHolder(quietly(() => readFileSync(join(directory, OWNER), 'utf8')) ?? '');
  // A run that died as it wrote its name, or one whose file a power failure has emptied: if all of it looks like that.
  const isNobodys = (): boolean =>
    stat.mtimeMs < Date.now() - NEW_MS && readdirSync(directory).every((name) => HELD.test(name));
  const isEnded = owner === undefined ? isNobodys() : !isThis(owner, here) && lifeOf(owner, here) === 'ended';
  if (isEnded) rmSync(directory, { recursive: true, force: true });
}

/** One process may have several spools. */
function isThis(owner: Holder, here: Holder): boolean {
  const same = ['pid', 'host', 'boot', 'space', 'start'] as const;
  return same.every((name) => owner[name] === here[name]);
}

function quietly<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}
