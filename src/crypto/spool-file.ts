import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, unlinkSync, writeSync, writevSync } from 'node:fs';
import { localFailure } from './local-failure.ts';

/** A new local file that is written from its start to its end, by us or by a process that got its descriptor. */
export interface SpoolFile {
  readonly fd: number;
  write(blocks: readonly Buffer[]): void;
  /** Bytes the file has by now, whoever wrote them. */
  size(): number;
  close(): void;
  /** With `wantsDigest`, SHA-1 of all that `write` was given, in lower-case hex; to be asked for once, at the end. */
  digest(): string | undefined;
  /** Closes and deletes; never throws. */
  remove(): void;
}

/** Creates `path` with mode 0600; a file or link that is already there is an error. */
export function createSpoolFile(path: string, { wantsDigest = false } = {}): SpoolFile {
  const fd = attempt('create', path, () => openSync(path, 'wx', 0o600));
  const hash = wantsDigest ? createHash('sha1') : undefined;
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
    write(blocks) {
      attempt('write', path, () => writeAll(fd, blocks));
      // While they are still in the processor's cache: a second look at the file would copy them once more.
      if (hash !== undefined) for (const block of blocks) hash.update(block);
    },
    digest: () => hash?.digest('hex'),
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
