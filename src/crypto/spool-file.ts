import { closeSync, fstatSync, openSync, unlinkSync, writeSync, writevSync } from 'node:fs';
import { localFailure } from './local-failure.ts';

/** A new local file that is written from its start to its end, by us or by a process that got its descriptor. */
export interface SpoolFile {
  readonly fd: number;
  write(blocks: readonly Buffer[]): void;
  /** Bytes the file has by now, whoever wrote them. */
  size(): number;
  close(): void;
  /** Closes and deletes; never throws. */
  remove(): void;
}

/** Creates `path` with mode 0600; a file or link that is already there is an error. */
export function createSpoolFile(path: string): SpoolFile {
  const fd = attempt('create', path, () => openSync(path, 'wx', 0o600));
  let isOpen = true;
  let finalSize = 0;
  const size = (): number => (isOpen ? fstatSync(fd).size : finalSize);
  const close = (): void => {
    if (!isOpen) return;
    finalSize = size();
    isOpen = false;
    attempt('write', path, () => closeSync(fd));
  };
  return {
    fd,
    write: (blocks) => attempt('write', path, () => writeAll(fd, blocks)),
    size,
    close,
    remove() {
      quietly(close);
      quietly(() => unlinkSync(path));
    },
  };
}

function writeAll(fd: number, blocks: readonly Buffer[]): void {
  let length = 0;
  for (const block of blocks) length += block.length;
  let done = writevSync(fd, blocks);
  if (done === length) return;
  // A signal or a nearly full disk cut the call short: the next call goes on or says why not.
  const all = Buffer.concat(blocks, length);
  while (done < length) done += writeSync(fd, all, done);
}

function attempt<T>(verb: 'create' | 'write', path: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw localFailure(verb, path, error);
  }
}

function quietly(call: () => void): void {
  try {
    call();
  } catch {
    // Nothing can be done about it, and the reason for removing the file matters more.
  }
}
