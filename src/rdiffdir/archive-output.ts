import { once } from 'node:events';
import { createWriteStream, lstatSync, rmSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { localFailure } from '../crypto/local-failure.ts';
import type { EncodedFile } from '../crypto/codec.ts';
import { LocalError } from '../errors/errors.ts';
import { toFs, toScreen } from '../util/bytepath.ts';
import type { Soon } from '../util/soon.ts';
import type { ArchivePath } from './command-line.ts';

/** As the reference compresses. */
const GZIP_LEVEL = 9;
const BUFFERED_BYTES = 1024 * 1024;

/** Refuses to write over what is there. */
export function checkAbsent(path: ArchivePath): void {
  if (path === '-' || lstatSync(toFs(path), { throwIfNoEntry: false }) === undefined) return;
  throw new LocalError('GENERIC', `File ${toScreen(path)} already exists, will not overwrite.`);
}

/** An archive being written to a new file, or for `-` to standard output. `size` counts bytes before compression. */
export function openOutput(path: ArchivePath, { gzip }: { readonly gzip: boolean }): EncodedFile {
  const isFile = path !== '-';
  const target: Writable = isFile
    ? createWriteStream(toFs(path), { flags: 'wx', highWaterMark: BUFFERED_BYTES })
    : process.stdout;
  const compressor = gzip ? createGzip({ level: GZIP_LEVEL }) : undefined;
  compressor?.pipe(target, { end: isFile });
  const first: Writable = compressor ?? target;
  let taken = 0;
  let failure: unknown;
  const failed = new Promise<never>((_resolve, reject) => {
    target.once('error', (error) => {
      failure = localFailure('write', isFile ? toScreen(path) : 'standard output', error);
      reject(failure);
    });
  });
  failed.catch(() => undefined);

  function write(block: Buffer): Soon<void> {
    if (failure !== undefined) throw failure;
    taken += block.length;
    if (first.write(block)) return undefined;
    return Promise.race([once(first, 'drain'), failed]).then(() => undefined);
  }

  async function end(): Promise<void> {
    if (failure !== undefined) throw failure;
    const done = isFile ? once(target, 'close') : compressor === undefined ? undefined : once(compressor, 'end');
    if (first !== process.stdout) first.end();
    await Promise.race([done, failed]);
    // What stands before it has been passed on then.
    if (!isFile) await Promise.race([new Promise((resolve) => target.write('', resolve)), failed]);
  }

  return {
    write,
    size: () => taken,
    finish: async () => {
      await end();
      return taken;
    },
    abort: async () => {
      compressor?.destroy();
      if (!isFile) return;
      const isOurs = errorOf(failure) !== 'EEXIST';
      target.destroy();
      if (isOurs) rmSync(toFs(path), { force: true });
    },
  };
}

/** Takes an archive that nobody wants. */
export function discardedOutput(): EncodedFile {
  return {
    returnsBlocks: true,
    write: () => undefined,
    size: () => 0,
    finish: async () => 0,
    abort: async () => undefined,
  };
}

function errorOf(failure: unknown): unknown {
  return failure instanceof Error ? (failure.cause as NodeJS.ErrnoException | undefined)?.code : undefined;
}
