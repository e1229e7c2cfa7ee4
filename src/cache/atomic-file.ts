import { randomBytes } from 'node:crypto';
import { writeSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { guard, guardAsync } from './guard.ts';

/** Names under which files are written before they are complete. */
export const TEMP_FILE = /^\..+\.[0-9a-f]{8}\.tmp$/;

/** Writes a file under a temporary name, brings it to the disk and gives it its name. Gives the size in bytes. */
export async function writeAtomically(
  directory: string,
  name: string,
  blocks: Iterable<Buffer> | AsyncIterable<Buffer>,
): Promise<number> {
  const temporary = join(directory, `.${name}.${randomBytes(4).toString('hex')}.tmp`);
  const file = await guardAsync(directory, 'written', () => open(temporary, 'wx', 0o600));
  let size = 0;
  try {
    try {
      for await (const block of blocks) {
        guard(directory, 'written', () => writeAll(file.fd, block));
        size += block.length;
      }
      // Cached files are trusted without comparison: an empty one after a power failure would be taken for the content.
      await guardAsync(directory, 'written', () => file.sync());
    } finally {
      await file.close();
    }
    await guardAsync(directory, 'written', () => rename(temporary, join(directory, name)));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  return size;
}

/** Brings the names in a directory to the disk. */
export async function flushDirectory(directory: string): Promise<void> {
  // Windows cannot open directories and needs none of this.
  if (process.platform === 'win32') return;
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function writeAll(fd: number, block: Buffer): void {
  for (let at = 0; at < block.length;) at += writeSync(fd, block, at);
}
