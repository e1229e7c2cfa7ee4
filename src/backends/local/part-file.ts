import { constants } from 'node:fs';
import { copyFile, link, lstat, open, rename, stat, unlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

import { BackendError } from '../../errors/errors.ts';
import type { Body } from '../backend.ts';
import { isPart, type Way } from '../transfer/hidden-name.ts';
import { storing } from './failure.ts';

interface Place {
  /** Where the bytes go: a hidden name beside the final one, or that itself where the file system wants it so. */
  readonly path: string;
  readonly isPart: boolean;
  /** For messages: `store vol1 in /mnt`. */
  readonly task: string;
}

/**
 * Stores `body` in `directory`: the name appears, or is replaced, only with the full content on the disk. Whatever fails
 * or stops it, nothing stays behind. The mode of the file is the umask's, as with the reference, so that whoever reads
 * the others can read it.
 */
export function durably(directory: string, task: string, sending: Sending): Way {
  const { body, signal, asLink } = sending;
  let stored: number | undefined;
  return {
    async store(as) {
      const place = { path: join(directory, as), isPart: isPart(as), task };
      const handle =
        (await linked(place, sending)) ?? (await copied(place, body)) ?? (await written(place, body, signal));
      stored = await finished(place, handle, { size: body.size, signal });
      if (!place.isPart) await syncDirectory(directory, task);
    },
    async rename(from, to) {
      const [part, path] = [join(directory, from), join(directory, to)];
      // Another process has put its own in the place.
      if ((await storing(task, () => stat(part))).ino !== stored) throw refused(task, RIVAL);
      await storing(task, () => rename(part, path));
      // Where both are names of one file already, a renaming does nothing.
      if (asLink === true) await storing(task, () => removed(part));
      await syncDirectory(directory, task);
    },
    async remove(name) {
      const path = join(directory, name);
      if ((await stat(path)).ino === stored) await removed(path);
    },
  };
}

interface Sending {
  readonly body: Body;
  readonly signal: AbortSignal;
  /** The file of the body is to stay what it is, and to get a second name. */
  readonly asLink?: true;
}

/**
 * Makes the sent file itself the part: nothing is copied, and its bytes go to the disk once. undefined when it lies on
 * another file system, or would have another owner or group than a file that is made here.
 */
async function linked(place: Place, { body, asLink }: Sending): Promise<FileHandle | undefined> {
  const { file, mayKeepFile } = body;
  if (file === undefined || (mayKeepFile ?? asLink) !== true || !place.isPart) return undefined;
  const made = await create(place);
  try {
    const [here, there] = await Promise.all([made.stat(), lstat(file)]);
    const isOurs = there.uid === here.uid && there.gid === here.gid;
    if (there.isFile() && there.dev === here.dev && (isOurs || asLink === true)) {
      await removed(place.path);
      await link(file, place.path);
      const handle = await open(place.path, constants.O_RDONLY | constants.O_NOFOLLOW);
      if (asLink !== true) await handle.chmod(here.mode & 0o7777).catch((error: unknown) => closeAfter(handle, error));
      await made.close();
      return handle;
    }
  } catch {
    // Not every file system knows links, and not every file may be linked. Copying tells what is really wrong.
  }
  await discard(place, made);
  return undefined;
}

async function closeAfter(handle: FileHandle, error: unknown): Promise<never> {
  await handle.close();
  throw error;
}

/** Leaves the copying to the kernel; undefined when it will not, then the blocks are written one by one. */
async function copied(place: Place, body: Body): Promise<FileHandle | undefined> {
  if (body.file === undefined) return undefined;
  const handle = await create(place);
  try {
    const { mode } = await handle.stat();
    await copyFile(body.file, place.path, constants.COPYFILE_FICLONE);
    // copyFile also copies the mode, and a spool file's is private.
    await handle.chmod(mode & 0o7777);
    return handle;
  } catch (error) {
    await discard(place, handle);
    if (isNoSpace(error)) await storing(place.task, () => Promise.reject(error));
    // Writing the blocks tells whether source or target is to blame.
    return undefined;
  }
}

async function written(place: Place, body: Body, signal: AbortSignal): Promise<FileHandle> {
  const handle = await create(place);
  try {
    for await (const block of body.open()) {
      signal.throwIfAborted();
      await storing(place.task, () => writeAll(handle, block));
    }
    return handle;
  } catch (error) {
    await discard(place, handle);
    throw error;
  }
}

/** A part left behind by a killed run is replaced, never written into: it might be a link to somewhere else. */
function create({ path, isPart, task }: Place): Promise<FileHandle> {
  return storing(task, async () => {
    try {
      await removed(path);
    } catch (error) {
      if (isPart) throw error;
      // Who may not delete may still write anew what is no link, and has no other name.
      const handle = await open(path, constants.O_WRONLY | constants.O_NOFOLLOW);
      if ((await handle.stat()).nlink > 1) return closeAfter(handle, error);
      await handle.truncate().catch((failure: unknown) => closeAfter(handle, failure));
      return handle;
    }
    try {
      return await open(path, 'wx', 0o666);
    } catch (error) {
      throw codeOf(error) === 'EEXIST' ? refused(task, RIVAL) : error;
    }
  });
}

/** fs.rm would say "not a directory" for what may not be deleted. */
async function removed(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (codeOf(error) !== 'ENOENT') throw error;
  });
}

/** Removes the file, unless another process has put its own in the place; what went wrong before is what counts. */
async function discard({ path }: Place, handle: FileHandle): Promise<void> {
  try {
    if (await isAt(path, handle)) await removed(path);
  } catch {
    // It may be that nothing can be deleted there.
  } finally {
    await handle.close();
  }
}

/** True when `path` still names the open file. */
async function isAt(path: string, handle: FileHandle): Promise<boolean> {
  const [mine, there] = await Promise.all([handle.stat(), stat(path).catch(() => undefined)]);
  return mine.ino === there?.ino;
}

async function writeAll(handle: FileHandle, block: Buffer): Promise<void> {
  for (let at = 0; at < block.length;) at += (await handle.write(block, at)).bytesWritten;
}

/** All of it on the disk, under its name for now; gives the number of the file. */
async function finished(
  place: Place,
  handle: FileHandle,
  wanted: { size: number; signal: AbortSignal },
): Promise<number> {
  const { path, task } = place;
  const info = await (async () => {
    wanted.signal.throwIfAborted();
    await storing(task, () => syncUnlessUnsupported(handle));
    const found = await storing(task, () => handle.stat());
    if (found.size !== wanted.size) throw refused(task, `it has ${found.size} bytes instead of ${wanted.size}`);
    if (!(await isAt(path, handle))) throw refused(task, RIVAL);
    return found;
  })().catch(async (error: unknown) => {
    await discard(place, handle);
    throw error;
  });
  await storing(task, () => handle.close());
  return info.ino;
}

/** What was done to its names is on the disk. */
export function syncDirectory(path: string, task: string): Promise<void> {
  return storing(task, async () => {
    const directory = await open(path, constants.O_RDONLY);
    try {
      await syncUnlessUnsupported(directory);
    } finally {
      await directory.close();
    }
  });
}

/** Some network and FUSE file systems cannot sync a directory or anything at all: then close and rename must do. */
async function syncUnlessUnsupported(handle: FileHandle): Promise<void> {
  try {
    await handle.sync();
  } catch (error) {
    if (!['EINVAL', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EPERM'].includes(codeOf(error))) throw error;
  }
}

const RIVAL = 'another process is storing the same name';

function refused(task: string, reason: string): BackendError {
  return new BackendError('BACKEND_ERROR', `Cannot ${task}: ${reason}`, { retryable: true });
}

function isNoSpace(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(codeOf(error));
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
