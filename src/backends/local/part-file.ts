import { constants } from 'node:fs';
import { copyFile, link, lstat, open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

import { BackendError } from '../../errors/errors.ts';
import type { Body } from '../backend.ts';
import { storing } from './failure.ts';

export interface Place {
  /** The final path and the hidden one beside it that the bytes go to first. */
  readonly path: string;
  readonly part: string;
  /** For messages: `store vol1 in /mnt`. */
  readonly task: string;
}

/**
 * Stores `body` at `path`: the name appears, or is replaced, only with the full content on the disk. Whatever fails or
 * stops it, nothing stays behind. The mode of the file is the umask's, as with the reference, so that whoever reads the
 * others can read it.
 */
export async function storeDurably(place: Place, body: Body, signal: AbortSignal): Promise<void> {
  const handle = (await linked(place, body)) ?? (await copied(place, body)) ?? (await written(place, body, signal));
  await publish(place, handle, body.size, signal);
}

/**
 * Makes the sent file itself the part: nothing is copied, and its bytes go to the disk once. undefined when it lies on
 * another file system, or would have another owner or group than a file that is made here.
 */
async function linked(place: Place, { file, mayKeepFile }: Body): Promise<FileHandle | undefined> {
  if (file === undefined || mayKeepFile !== true) return undefined;
  const made = await create(place);
  try {
    const [here, there] = await Promise.all([made.stat(), lstat(file)]);
    if (there.isFile() && there.dev === here.dev && there.uid === here.uid && there.gid === here.gid) {
      await rm(place.part);
      await link(file, place.part);
      const handle = await open(place.part, constants.O_RDONLY | constants.O_NOFOLLOW);
      await handle.chmod(here.mode & 0o7777).catch((error: unknown) => closeAfter(handle, error));
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
    await copyFile(body.file, place.part, constants.COPYFILE_FICLONE);
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
function create(place: Place): Promise<FileHandle> {
  return storing(place.task, async () => {
    await rm(place.part, { force: true });
    try {
      return await open(place.part, 'wx', 0o666);
    } catch (error) {
      throw codeOf(error) === 'EEXIST' ? refused(place, RIVAL) : error;
    }
  });
}

/** Removes the part, unless another process has put its own in the place. */
async function discard({ part }: Place, handle: FileHandle): Promise<void> {
  try {
    if (await isAt(part, handle)) await rm(part, { force: true });
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

async function publish(place: Place, handle: FileHandle, size: number, signal: AbortSignal): Promise<void> {
  try {
    signal.throwIfAborted();
    await storing(place.task, () => syncUnlessUnsupported(handle));
    const stored = await storing(place.task, () => handle.stat());
    if (stored.size !== size) throw refused(place, `it has ${stored.size} bytes instead of ${size}`);
    if (!(await isAt(place.part, handle))) throw refused(place, RIVAL);
    await storing(place.task, () => rename(place.part, place.path));
  } catch (error) {
    await discard(place, handle);
    throw error;
  }
  await storing(place.task, () => handle.close());
  await storing(place.task, async () => {
    const directory = await open(dirname(place.path), constants.O_RDONLY);
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

function refused({ task }: Place, reason: string): BackendError {
  return new BackendError('BACKEND_ERROR', `Cannot ${task}: ${reason}`, { retryable: true });
}

function isNoSpace(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(codeOf(error));
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
