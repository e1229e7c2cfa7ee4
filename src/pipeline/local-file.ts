import { fdatasync, write, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import { localFailure } from '../crypto/local-failure.ts';

/** A call on a temporary file: what the system refuses becomes one sentence that names the file. */
export function onTempFile<T>(verb: 'create' | 'write', path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw localFailure(verb, path, error);
  }
}

/** On a nearly full disk a call writes less than it was given; the next one says why. */
export function writeAll(fd: number, block: Buffer): void {
  for (let at = 0; at < block.length;) at += writeSync(fd, block, at);
}

const writeSome = promisify(write);

/** The same on another thread; `block` must stay as it is until then. `path` is for the failure. */
export async function writeLater(fd: number, block: Buffer, path: string): Promise<void> {
  try {
    for (let at = 0; at < block.length;) at += (await writeSome(fd, block, at)).bytesWritten;
  } catch (error) {
    throw localFailure('write', path, error);
  }
}

/** The content of an open file is on the disk when the promise is kept. */
export const syncData: (fd: number) => Promise<void> = promisify(fdatasync);
