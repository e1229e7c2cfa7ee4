import { crc32 } from 'node:zlib';
import type { Codec, EncodedFile } from '../codec.ts';
import { DEFAULT_LEVEL, deflateStream, pieceBytes } from '../deflate/deflate-stream.ts';
import { gatherer, join } from '../gather.ts';
import { createSpoolFile } from '../spool-file.ts';
import { gunzipFile } from './gunzip.ts';

/** One member, no flags, mtime 0 (so equal data gives equal bytes), unknown system. Source: docs/format/volumes.md. */
const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);

/** Gzip files: `--no-encryption`. `level` is zlib's, 0 to 9. */
export function gzipCodec({ level = DEFAULT_LEVEL }: { readonly level?: number } = {}): Codec {
  return {
    suffix: '.gz',
    create: async (path, signal, { wantsDigest = false } = {}) => createGzipFile(path, { level, wantsDigest, signal }),
    open: (path, options) => gunzipFile(path, options),
  };
}

function createGzipFile(
  path: string,
  {
    level,
    wantsDigest,
    signal,
  }: { readonly level: number; readonly wantsDigest: boolean; readonly signal: AbortSignal },
): EncodedFile {
  signal.throwIfAborted();
  const spool = createSpoolFile(path, { wantsDigest });
  let taken = 0;
  let crc = 0;
  let size = 0;
  const held = gatherer(() => pieceBytes(taken));
  const deflate = deflateStream({ level, store });

  function store(bytes: Buffer): void {
    signal.throwIfAborted();
    spool.write([bytes]);
    size += bytes.length;
  }

  function next(run: readonly Buffer[]): Buffer {
    if (taken === 0) store(HEADER);
    const piece = join(run);
    // zlib answers 0, not the sum so far, for no bytes at all.
    if (piece.length > 0) crc = crc32(piece, crc);
    taken += piece.length;
    return piece;
  }

  async function finish(): Promise<number> {
    await deflate.finish(next(held.rest()));
    const trailer = Buffer.alloc(8);
    trailer.writeUInt32LE(crc, 0);
    trailer.writeUInt32LE(taken % 2 ** 32, 4);
    store(trailer);
    spool.close();
    return size;
  }

  return {
    write(block) {
      const run = held.add(block);
      return run && deflate.write(next(run));
    },
    size: () => size,
    digest: () => spool.digest(),
    async finish() {
      try {
        return await finish();
      } catch (error) {
        spool.remove();
        throw error;
      }
    },
    async abort() {
      await deflate.settled();
      spool.remove();
    },
  };
}
